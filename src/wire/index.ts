/** What the folders above may use of the codec and of the frame layer. */
export { canonicalBytes, termKey } from './canonical.ts'
export { type Codec, createCodec } from './codec.ts'
export type { DecodeError } from './decode.ts'
export {
  type Fragment,
  type FragmentError,
  type FragmentResult,
  fragments,
  Reassembly,
} from './fragment.ts'
export {
  type FrameError,
  FrameReader,
  type FrameReaderOptions,
  FrameWriter,
  frameOverheadBytes,
} from './frame.ts'
export type { EncodeError, EncodeReason } from './refusal.ts'
export type { ScanReason } from './scan.ts'
export type { Incarnation, TermSpace } from './term-space.ts'
