/** What the folders above may use of the codec and of the frame layer. */
export { canonicalBytes, termKey } from './canonical.ts'
export { type Codec, createCodec } from './codec.ts'
export type { DecodeError } from './decode.ts'
export { type FragmentError, fragments, Reassembly } from './fragment.ts'
export { type FrameError, FrameReader, FrameWriter, frameOverheadBytes } from './frame.ts'
export type { EncodeError } from './refusal.ts'
export type { TermSpace } from './term-space.ts'
