/** Money and times as people read them: English words, the reader's own time zone. */
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';

const LANGUAGE = 'en-GB';

/** `€12.50` from minor units: every currency that Wellpact settles in has two decimals. */
export function money(amountMinor, currency) {
  return new Intl.NumberFormat(LANGUAGE, { style: 'currency', currency }).format(amountMinor / 100);
}

const DAY = { weekday: 'short', day: 'numeric', month: 'short' };
const CLOCK = { hour: '2-digit', minute: '2-digit' };

export function localTime(iso, { withSeconds = false } = {}) {
  const at = new Date(iso);
  const isThisYear = at.getFullYear() === new Date().getFullYear();
  return at.toLocaleString(LANGUAGE, {
    ...DAY,
    ...(isThisYear ? {} : { year: 'numeric' }),
    ...CLOCK,
    ...(withSeconds && { second: '2-digit' }),
  });
}

export const utcTime = (iso) => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** `in 3 days`, `2 hours ago`, `now`. */
export function relativeTime(iso, nowMs) {
  const distanceMs = new Date(iso).getTime() - nowMs;
  const [unit, sizeMs] = UNITS.find(([, ms]) => Math.abs(distanceMs) >= ms) ?? [];
  if (unit === undefined) return distanceMs > 0 ? 'in less than a minute' : 'just now';
  // Towards zero: what is due in 2 days and 23 hours is not said to be 3 days away.
  const amount = Math.trunc(distanceMs / sizeMs);
  return new Intl.RelativeTimeFormat(LANGUAGE, { numeric: 'always' }).format(amount, unit);
}

/** `day`, `12 hours`: what comes after "every", in the largest unit that fits. */
export function period(seconds) {
  const [unit, sizeMs] = UNITS.find(([, ms]) => seconds * 1_000 >= ms) ?? ['second', 1_000];
  const amount = Math.round((seconds * 1_000) / sizeMs);
  return amount === 1 ? unit : `${amount} ${unit}s`;
}

const TICK_MS = 20_000;

/** Now, in milliseconds since 1970, again and again. */
export function useNow() {
  const [nowMs, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}

/** A time in the reader's zone; UTC on hover, and for whoever reads the page with a program. */
export function Time({ at, ...options }) {
  return html`<time datetime=${at} title=${utcTime(at)}>${localTime(at, options)}</time>`;
}

export function Relative({ at }) {
  const nowMs = useNow();
  return html`<time datetime=${at} title=${utcTime(at)}>${relativeTime(at, nowMs)}</time>`;
}

/** Whose clock the times are by. */
export const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
