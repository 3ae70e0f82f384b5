import { createHmac } from 'node:crypto';

/**
 * The `Stripe-Signature` header. Its time is the real clock's, whatever the sandbox's says: receivers refuse old stamps.
 * Source: https://docs.stripe.com/webhooks#verify-manually
 */
export function stripeSignature(body: string, secret: string, now: Date): string {
  const stamp = Math.floor(now.getTime() / 1000);
  return `t=${stamp},v1=${createHmac('sha256', secret).update(`${stamp}.${body}`).digest('hex')}`;
}

/** The `X-SHA2-Signature` header. Source: https://documentation.onfido.com/api/latest/#verifying-webhook-signatures */
export function onfidoSignature(body: string, token: string): string {
  return createHmac('sha256', token).update(body).digest('hex');
}
