/**
 * The numbers of the distribution protocol: version, flags, what a stream is for, frame types,
 * close codes. Wire format: a number here never changes its meaning; new ones are added.
 */

/** Refused when the other side speaks no version we know. */
export const protocolVersion = 1

/**
 * Features of this version beyond its first form, each offered by whoever has it:
 *  - `goaway`: a channel ends in order (`farewell.ts`);
 *  - `services`: it takes messages to its services (`services.ts`);
 *  - `hidden`: the node is not to be counted among the nodes of a cluster.
 * Flags that are not known are ignored, unless the peer cannot do without them.
 */
export const knownFlags: readonly string[] = ['goaway', 'services', 'hidden']

/** What a node offers. */
export function flagsOf(hidden: boolean): readonly string[] {
  return hidden ? ['goaway', 'services', 'hidden'] : ['goaway', 'services']
}

/** The first byte of every stream. */
export const streamKind = { auth: 1, control: 2, data: 3 } as const

/** Frame types of the control stream. */
export const controlFrame = { handshake: 1, tick: 2, ping: 3, goaway: 4, gone: 5 } as const

/** Frame type of a fragment on a data stream; signals have the types of `signal-codec.ts`. */
export const fragmentFrame = 1

/** Frame type of a message from a service to the same one on the other node. */
export const serviceFrame = 2

/** Application codes of a close. */
export const closeCode = {
  /** The node stops. */
  shutdown: 0,
  /** `disconnectNode`. */
  disconnect: 1,
  /** Another connection between the two nodes won. */
  superseded: 2,
  authenticationFailed: 3,
  handshakeFailed: 4,
  /** The peer broke the protocol. */
  protocolViolation: 5,
  /** Nothing was heard for four ticks. */
  tickTimeout: 6,
  /** The peer holds more of our memory than it may. */
  limit: 7,
} as const
