import { createTransport } from 'nodemailer';
import { describe, expect, it } from 'vitest';
import type { Rig } from './rig.ts';

/** The mail catcher, driven by the mailer the application uses. */
export function describeMail(rig: () => Rig): void {
  describe('mail', () => {
    it('is caught, found by its recipient, and shown without running anything in it', async () => {
      const { ports } = rig().sandbox;
      const mailer = createTransport(`smtp://127.0.0.1:${ports.smtp}`);
      try {
        await mailer.sendMail({
          from: 'Wellpact <no-reply@wellpact.example>',
          to: ['Erika@Example.org', 'max@example.org'],
          subject: 'Bestätige <b>deine</b> Adresse',
          text: 'Link: https://app.example/verify?token=abc&x=1 <script>alert(1)</script>',
          messageId: '<evt_1@wellpact.example>',
        });
      } finally {
        mailer.close();
      }
      const base = `http://127.0.0.1:${ports.mail}`;
      const found = (await (await fetch(`${base}/messages?to=erika@example.org`)).json()) as Record<string, unknown>[];
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({
        to: ['erika@example.org', 'max@example.org'],
        subject: 'Bestätige <b>deine</b> Adresse',
        messageId: '<evt_1@wellpact.example>',
      });
      expect(await (await fetch(`${base}/messages?to=nobody@example.org`)).json()).toEqual([]);
      expect(await (await fetch(`${base}/`)).text()).toContain('Bestätige &lt;b&gt;deine&lt;/b&gt; Adresse');
      const page = await (await fetch(`${base}/messages/${String(found[0]?.['id'])}`)).text();
      expect(page).toContain('href="https://app.example/verify?token=abc&amp;x=1"');
      expect(page).not.toContain('<script>');
      expect((await fetch(`${base}/messages/999999`)).status).toBe(404);
    });

    it('that is too large is refused', async () => {
      const mailer = createTransport(`smtp://127.0.0.1:${rig().sandbox.ports.smtp}`);
      const huge = { from: 'a@example.org', to: 'b@example.org', subject: 'Big', text: 'x'.repeat(1_200_000) };
      await expect(mailer.sendMail(huge)).rejects.toThrow('552 A mail has at most 1048576 bytes');
      mailer.close();
    });
  });
}
