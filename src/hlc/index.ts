/** The hybrid logical clock and its timestamps. */
export { HlcClock, type HlcOptions } from './clock.ts'
export {
  compareHlc,
  type Hlc,
  type HlcError,
  type HlcTerm,
  hlcFromBytes,
  hlcFromTerm,
  hlcToBytes,
  hlcToTerm,
  isHlc,
  maxHlc,
  packHlc,
  unpackHlc,
  zeroHlc,
} from './hlc.ts'
