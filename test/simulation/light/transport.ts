/**
 * The model of the network that the light simulator uses: what a channel does, in four answers. A
 * message takes `latencyMs`; one to a dead node is lost, and with `detection: 'onSend'` the sender
 * is told one round trip later, else only when the harness says so (`failChannel`: Plumtree's
 * figure 6a).
 */
export type Transport = {
  /** One way, in milliseconds; default always 0. */
  readonly latencyMs: (from: number, to: number) => number
  /** True for what the network loses: messages, and attempts to connect. Default nothing. */
  readonly loses: (from: number, to: number) => boolean
  /** Default `onSend`. */
  readonly detection: 'onSend' | 'never'
  /**
   * `tracked`: what is sent without a channel is lost, silently, as `send` never dials. `assumed`:
   * a channel is made for it, as the papers do. Default `assumed`.
   */
  readonly channels: 'assumed' | 'tracked'
}

export const plainTransport: Transport = {
  latencyMs: () => 0,
  loses: () => false,
  detection: 'onSend',
  channels: 'assumed',
}

/** The name of a node, as long as names in use are. */
export function nodeName(node: number): string {
  return `n${node}@10.${(node >> 16) & 255}.${(node >> 8) & 255}.${node & 255}`
}
