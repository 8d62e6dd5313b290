/**
 * Draws one input of the wire target: a stream of one to three frames whose bodies are mutated
 * recordings, whole or in fragments. Lengths are mostly true, because a lie ends the stream and
 * nothing behind it is reached.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { controlFrame, fragmentFrame } from '../../src/dist/protocol.ts'
import { limits } from '../../src/limits.ts'
import { failingIndex } from './fuzz-space.ts'
import { below, chance, join, mutateBytes, mutatedBody, oneOf } from './mutate.ts'
import { donorsOf, type RecordedFrame } from './recording.ts'
import { bytesOfTerm, leaf, type TermTree } from './term-tree.ts'

export type WireInput =
  | { readonly tag: 'data' | 'control'; readonly bytes: Uint8Array }
  /** A body longer than any message may be; who feeds it holds one. */
  | { readonly tag: 'tooLong' }

/** Once in so many inputs something large is made. */
const rareEvery = 5_000

/** A pid of the sender that the fuzzer's space fails to make. */
const failingPid = leaf(0xc7, 4, 0x12, 0, (failingIndex & 0x7f) | 0x80, failingIndex >> 7, 1)

export function wireInputs(
  data: readonly RecordedFrame[],
  handshakes: readonly (readonly TermTree[])[],
  odd: readonly TermTree[],
): (random: Random) => WireInput {
  const messages = [...handshakes.flat(), ...odd]
  const donors = [...donorsOf(data), failingPid]
  const messageDonors = donorsOf(messages.map((term) => ({ term })))
  const types = [...new Set(data.map(({ type }) => type))]
  const controlTypes = Object.values(controlFrame)

  const dataFrame = (random: Random): Uint8Array => {
    const { type: own, term } = oneOf(random, data)
    const type = typeOf(random, own, types)
    const body = mutatedBody(random, term, donors)
    return chance(random, 0.15) ? fragmented(random, type, body) : frame(random, type, body)
  }
  const controlFrames = (random: Random): Uint8Array => {
    if (chance(random, 0.15)) {
      return frame(random, typeOf(random, controlFrame.tick, controlTypes), new Uint8Array(0))
    }
    const said = oneOf(random, handshakes)
    const frames = said.map((recorded) => {
      const message = chance(random, 0.08) ? oneOf(random, odd) : recorded
      const body = chance(random, 0.3)
        ? mutatedBody(random, message, messageDonors)
        : bytesOfTerm(message)
      return frame(random, typeOf(random, controlFrame.handshake, controlTypes), body)
    })
    return join(...frames)
  }
  return (random) => {
    if (below(random, rareEvery) === 0) return { tag: 'tooLong' }
    if (below(random, rareEvery) === 0) return { tag: 'data', bytes: manyUnfinished() }
    if (chance(random, 0.2)) return { tag: 'control', bytes: controlFrames(random) }
    const frames = Array.from({ length: 1 + below(random, 3) }, () => dataFrame(random))
    const bytes = join(...frames)
    return { tag: 'data', bytes: chance(random, 0.05) ? mutateBytes(random, bytes) : bytes }
  }
}

function typeOf(random: Random, own: number, known: readonly number[]): number {
  if (chance(random, 0.9)) return own
  return chance(random, 0.8) ? oneOf(random, known) : below(random, 256)
}

/** A frame, in one of twenty with a length that is not its own. */
function frame(random: Random, type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + body.length)
  const wrong = [0, 1, body.length, body.length + 2, limits.distFrameMaxBytes, 0xffffffff]
  const length = chance(random, 0.05) ? oneOf(random, wrong) : body.length + 1
  new DataView(bytes.buffer).setUint32(0, length)
  bytes[4] = type
  bytes.set(body, 5)
  return bytes
}

/** A message in small fragments, some of which are lost, doubled or lie about themselves. */
function fragmented(random: Random, type: number, body: Uint8Array): Uint8Array {
  const id = below(random, 4)
  const size = Math.ceil((body.length + 1) * (0.1 + random.unit()))
  const frames: Uint8Array[] = []
  for (let index = 0, from = 0; index === 0 || from < body.length; index++, from += size) {
    const part = body.subarray(from, from + size)
    const total = chance(random, 0.9) ? body.length : oneOf(random, totals)
    const at = chance(random, 0.95) ? index : below(random, 4)
    const head = at === 0 ? 13 : 8
    const piece = new Uint8Array(head + part.length)
    const view = new DataView(piece.buffer)
    view.setUint32(0, chance(random, 0.97) ? id : below(random, 4))
    view.setUint32(4, at)
    if (at === 0) {
      view.setUint8(8, type)
      view.setUint32(9, total)
    }
    piece.set(part, head)
    const sound = chance(random, 0.95) ? piece : mutateBytes(random, piece)
    const copies = chance(random, 0.95) ? 1 : below(random, 3)
    for (let left = copies; left > 0; left--) frames.push(frame(random, fragmentFrame, sound))
  }
  return join(...frames)
}

const totals = [0, 1, 100, limits.distMaxMessageBytes, 0xffffffff] as const

/** The beginnings of more messages than may be unfinished. */
function manyUnfinished(): Uint8Array {
  const frameBytes = 5 + 13 + 1
  const count = limits.distUnfinishedMessagesMax + 1
  const bytes = new Uint8Array(count * frameBytes)
  const view = new DataView(bytes.buffer)
  for (let id = 0, at = 0; id < count; id++, at += frameBytes) {
    view.setUint32(at, frameBytes - 4)
    view.setUint8(at + 4, fragmentFrame)
    view.setUint32(at + 5, id)
    view.setUint8(at + 13, 10)
    view.setUint32(at + 14, 1000)
  }
  return bytes
}
