import type { Metrics } from '../../platform/metrics.ts';
import { METRICS, type MetricLabel, type MetricOf } from '../../platform/metrics-table.ts';

/** What a figure is at the moment: one value for each combination of labels. */
export type Figure<Name extends MetricOf<'gauge'>> = readonly {
  readonly labels: Readonly<Record<MetricLabel<Name>, string>>;
  readonly value: number;
}[];

export type Figures<Name extends MetricOf<'gauge'>> = { readonly [Each in Name]: Figure<Each> };

/** A figure without labels. */
export const single = (value: number) => [{ labels: {}, value }];

/**
 * Shows what was gathered for as long as it is fresh. A relay that has lost the lead gathers no more, and shows nothing
 * rather than what was: the new leader's figures are the ones that count.
 * @param names all that will be shown
 * @returns takes what was gathered
 */
export function showFigures<Name extends MetricOf<'gauge'>>(
  metrics: Metrics,
  names: readonly Name[],
  freshForMs: number,
): (figures: Figures<Name>) => void {
  let shown: { readonly figures: Figures<Name>; readonly untilMs: number } | undefined;
  for (const name of names) {
    metrics.gauge(name, (gauge) => {
      gauge.reset();
      if (shown === undefined || Date.now() > shown.untilMs) {
        // prom-client shows a figure without labels as 0 after a reset: nothing is not 0.
        if (METRICS[name].labels.length === 0) gauge.remove();
        return;
      }
      for (const { labels, value } of shown.figures[name]) gauge.set(labels, value);
    });
  }
  return (figures) => {
    shown = { figures, untilMs: Date.now() + freshForMs };
  };
}
