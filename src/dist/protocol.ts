/**
 * The numbers of the distribution protocol: version, flags, what a stream is for, frame types,
 * close codes. Wire format: a number here never changes its meaning; new ones are added.
 */

/** Refused when the other side speaks no version we know. */
export const protocolVersion = 1

/** Optional features of this version, offered to the peer; unknown ones are ignored. */
export const ourFlags: readonly string[] = []

/** The first byte of every stream. */
export const streamKind = { auth: 1, control: 2, data: 3 } as const

/** Frame types of the control stream. */
export const controlFrame = { handshake: 1, tick: 2, ping: 3 } as const

/** Frame type of a fragment on a data stream; signals have the types of `signal-codec.ts`. */
export const fragmentFrame = 1

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
