/**
 * The byte grammar of a term on the wire: MessagePack, a strict part of it, plus six application
 * extensions. A stock MessagePack reader can walk every body; ours accepts nothing else.
 *
 * Plain values use nil, booleans, the integer family, float 64, str, bin, array and map with string
 * keys. Values that MessagePack lacks are `ext 8/16/32` of the codes below. Map and Set are arrays
 * whose first element is a marker extension without payload: `[marker, k1, v1, k2, v2, ...]` and
 * `[marker, m1, m2, ...]`, so that nothing needs a byte length known in advance and nesting counts
 * as it does for arrays. Codes avoid those that msgpackr gives a meaning of its own (0x00, 0x42,
 * 0x62, 0x65, 0x69, 0x70, 0x72, 0x73, 0x74, 0x78, 0xff).
 */

/** Extension codes. Frozen: they are part of the protocol and of persisted data. */
export const ext = {
  undefined: 0x10,
  bigint: 0x11,
  pid: 0x12,
  reference: 0x13,
  map: 0x14,
  set: 0x15,
} as const

/**
 * How the payload of a pid or reference names its node. `sender` and `receiver` are the two ends
 * of the channel and carry no name; `named` is followed by length, name and creation.
 */
export const nodeForm = { sender: 0, receiver: 1, named: 2 } as const
