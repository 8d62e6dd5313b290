/** What the folders above may use of the codec and of the frame layer. */
export { Body } from './body.ts'
export { canonicalBytes, termKey, termKeys } from './canonical.ts'
export { type Codec, createCodec } from './codec.ts'
export { type Fragment, fragments, Reassembly } from './fragment.ts'
export { FrameReader, FrameWriter, framed, frameOverheadBytes, framePieces } from './frame.ts'
export type { EncodeError } from './refusal.ts'
export type { TermSpace } from './term-space.ts'
export { isSendable } from './text.ts'
