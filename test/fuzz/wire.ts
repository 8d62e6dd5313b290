/**
 * Data and control streams of an authenticated peer, as far as bytes go: frames, fragments, terms,
 * signals, messages of services, and those of the dist handshake, which are then stepped through
 * its rule. Beyond "never throws" it holds the codec to its word: a term that was accepted can be
 * encoded and comes back the same, msgpackr and our own reader agree on it, and the input is left
 * as it was.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import {
  type HandshakeFailure,
  type HandshakeState,
  newHandshake,
  stepHandshake,
} from '../../src/dist/handshake.ts'
import { HandshakeCodec, type HandshakeMessage } from '../../src/dist/handshake-message.ts'
import { controlFrame, fragmentFrame, serviceFrame } from '../../src/dist/protocol.ts'
import { Services } from '../../src/dist/services.ts'
import { decodeSignal, isSignalFrame } from '../../src/dist/signal-codec.ts'
import { limits } from '../../src/limits.ts'
import type { DecodeError } from '../../src/wire/decode.ts'
import type { FragmentError } from '../../src/wire/fragment.ts'
import type { FrameError } from '../../src/wire/frame.ts'
import { type Codec, createCodec, FrameReader, Reassembly } from '../../src/wire/index.ts'
import { alice } from '../support/vectors/term-space.ts'
import { equalTerms } from '../support/vectors/terms.ts'
import { decoders } from './cluster-actors.ts'
import { services } from './cluster-recording.ts'
import { FuzzSpace } from './fuzz-space.ts'
import { below, chance, chunks, oneOf } from './mutate.ts'
import {
  type HandshakeSide,
  handshakeEnv,
  oddMessages,
  recordData,
  recordHandshakes,
  recordSignals,
} from './recording.ts'
import { broken, type Target, type Trial } from './target.ts'
import { type WireInput, wireInputs } from './wire-input.ts'

type Reach = (what: string) => void

// Typed by what the decoders can answer: a new answer is a type error until it is listed.
const frameErrors = {
  oversize: 1,
  empty: 1,
  type: 1,
} satisfies Record<FrameError['reason'], 1>
const fragmentErrors = {
  malformed: 1,
  order: 1,
  overrun: 1,
  size: 1,
  count: 1,
} satisfies Record<FragmentError['reason'], 1>
const termErrors = {
  size: 1,
  truncated: 1,
  trailing: 1,
  tag: 1,
  depth: 1,
  count: 1,
  key: 1,
  utf8: 1,
  integer: 1,
  extension: 1,
  identifier: 1,
  failed: 1,
} satisfies Record<DecodeError['reason'], 1>
const messageTags = {
  name: 1,
  status: 1,
  challenge: 1,
  reply: 1,
  ack: 1,
  welcome: 1,
} satisfies Record<HandshakeMessage['tag'], 1>
const handshakeFailures = {
  wrongNodeName: 1,
  cookieMismatch: 1,
  unexpectedMessage: 1,
  malformedMessage: 1,
  superseded: 1,
  alive: 1,
  unsupportedVersion: 1,
  unsupportedFlags: 1,
} satisfies Record<HandshakeFailure, 1>

const all = (kind: string, reasons: Readonly<Record<string, 1>>): readonly string[] =>
  Object.keys(reasons).map((reason) => `${kind}:${reason}`)

export type WireTargetOptions = {
  /** Stands between the fuzzer and the codec under test. */
  readonly wrap?: (codec: Codec) => Codec
}

export function wireTarget(options: WireTargetOptions = {}): Target {
  const signalNames = [...new Set(recordSignals().map(({ name }) => name))]
  const required = [
    ...all('frame', frameErrors),
    ...['fragment:more', 'fragment:done', ...all('fragment', fragmentErrors)],
    ...all('term', termErrors),
    ...signalNames.flatMap((name) => [`signal:${name}`, `fields:${name}`]),
    ...['service:heard', 'service:malformed'],
    ...services.flatMap((name) => [`service:${name}`, `refused:${name}`]),
    ...Object.keys(controlFrame).map((name) => `control:${name}`),
    ...['handshake:malformed', ...all('handshake', messageTags)],
    ...['shaken:up', ...all('shaken', handshakeFailures)],
  ]
  const receiver = new Receiver(options.wrap ?? ((codec) => codec))
  const draw = wireInputs(recordData(), recordHandshakes(), oddMessages())
  return {
    name: 'wire',
    required,
    tryOne: (random, reach) => receiver.take(draw(random), random, reach),
  }
}

const signalNameOf = new Map(recordSignals().map(({ type, name }) => [type, name]))

/** What a channel does with bytes, without the node behind it. */
class Receiver {
  readonly #space = new FuzzSpace()
  readonly #codec: Codec
  /** The other end of the channel, which sends what this one reads. */
  readonly #sender = createCodec(this.#space.turned())
  readonly #handshakes = new HandshakeCodec()
  readonly #services = new Services(() => undefined)
  /** Longer than any term may be; made once, never written, so that it costs no real memory. */
  readonly #tooLong = new Uint8Array(limits.distMaxMessageBytes + 1)

  constructor(wrap: (codec: Codec) => Codec) {
    this.#codec = wrap(createCodec(this.#space))
  }

  take(input: WireInput, random: Random, reach: Reach): Trial {
    this.#space.clear()
    switch (input.tag) {
      case 'data':
        return this.#data(input.bytes, random, reach)
      case 'control':
        return this.#control(input.bytes, random, reach)
      case 'tooLong':
        this.#term(this.#tooLong, reach)
        return { passedFraming: false }
    }
  }

  #data(bytes: Uint8Array, random: Random, reach: Reach): Trial {
    const reassembly = new Reassembly()
    const frame = (type: number, body: Uint8Array): void => {
      if (type !== fragmentFrame) {
        this.#message(type, body, reach)
        return
      }
      const result = reassembly.push(body)
      if (result.tag === 'error') {
        reach(`fragment:${result.reason}`)
        reader.stop()
        return
      }
      reach(`fragment:${result.tag}`)
      if (result.tag === 'done' && isMessageFrame(result.type)) {
        this.#message(result.type, result.body, reach)
      }
    }
    const reader = new FrameReader({
      knows: (type) => type === fragmentFrame || isMessageFrame(type),
      onFrame: frame,
    })
    const passedFraming = feed(reader, bytes, random, reach)
    if (reassembly.chargedBytes > limits.distMaxMessageBytes) {
      throw broken('unfinished messages beyond their limit', bytes)
    }
    return { passedFraming }
  }

  #message(type: number, body: Uint8Array, reach: Reach): void {
    const decoded = this.#term(body, reach)
    if (decoded === undefined) return
    if (type === serviceFrame) {
      this.#service(decoded.term, reach)
      return
    }
    const signal = decodeSignal(type, decoded.term)
    const name = signalNameOf.get(type) ?? `unrecorded ${type}`
    reach(signal === undefined ? `fields:${name}` : `signal:${signal.tag}`)
  }

  #service(term: unknown, reach: Reach): void {
    const heard = this.#services.heard({ node: alice.name, creation: alice.creation }, term, 1)
    reach(heard ? 'service:heard' : 'service:malformed')
    if (!heard || !Array.isArray(term)) return
    const name = services.find((service) => service === term[0])
    if (name === undefined) return
    reach(`${decoders[name](term[1]) === undefined ? 'refused' : 'service'}:${name}`)
  }

  #term(body: Uint8Array, reach: Reach): { readonly term: unknown } | undefined {
    const small = body.length < 100_000
    const before = small ? body.slice() : body
    const decoded = this.#codec.decode(body)
    if (small && Buffer.compare(before, body) !== 0) throw broken('the input was changed', before)
    if (decoded.tag === 'error') {
      reach(`term:${decoded.reason}`)
      if (decoded.at < 0 || decoded.at > body.length) {
        throw broken(`an error at ${decoded.at} of ${body.length} bytes`, body)
      }
      return undefined
    }
    if (small) this.#keepsItsWord(decoded.term, body)
    return { term: decoded.term }
  }

  /** The laws of an accepted term. */
  #keepsItsWord(term: unknown, body: Uint8Array): void {
    const encoded = this.#sender.encode(term)
    if (encoded.tag === 'error') throw broken(`accepted and not encoded: ${encoded.path}`, body)
    const back = this.#codec.decode(encoded.bytes.slice())
    if (back.tag === 'error') throw broken(`encoded and not accepted: ${back.reason}`, body)
    if (!equalTerms(back.term, term)) throw broken('another term after a round trip', body)
    const bytes = body.slice()
    const kept = this.#codec.decode(bytes, bytes.length)
    if (kept.tag === 'error' || !equalTerms(kept.term, term)) {
      throw broken('another term when its bytes may be kept', body)
    }
    // An extension anywhere sends the whole term through the other reader.
    const paired = new Uint8Array([0x92, ...body, 0xc7, 0x00, 0x10])
    const other = this.#codec.decode(paired)
    if (other.tag === 'error') {
      if (other.reason !== 'depth') throw broken(`refused in a pair: ${other.reason}`, body)
    } else if (!Array.isArray(other.term) || !equalTerms(other.term[0], term)) {
      throw broken('the two readers disagree', body)
    }
  }

  #control(bytes: Uint8Array, random: Random, reach: Reach): Trial {
    const side: HandshakeSide = oneOf(random, ['dialer', 'acceptor'])
    const env = handshakeEnv(side, chance(random, 0.5))
    let [state]: readonly [HandshakeState, unknown] = stepHandshake(
      newHandshake,
      { tag: 'start' },
      env,
    )
    const step = (event: Parameters<typeof stepHandshake>[1]): void => {
      const [next, actions] = stepHandshake(state, event, env)
      state = next
      for (const action of actions) {
        if (action.tag === 'ask') {
          const status = below(random, 20) === 0 ? oneOf(random, answers) : 'ok'
          step({ tag: 'decided', status })
        } else if (action.tag === 'choose') step({ tag: 'chosen', won: below(random, 20) > 0 })
        else if (action.tag === 'fail') reach(`shaken:${action.reason}`)
        else if (action.tag === 'up') reach('shaken:up')
        else this.#handshakes.encode(action.message)
      }
    }
    const reader = new FrameReader({
      knows: (type) => controlNames.has(type),
      onFrame: (type, body) => {
        reach(`control:${controlNames.get(type)}`)
        if (type !== controlFrame.handshake) return
        const message = this.#handshakes.decode(body)
        reach(`handshake:${message?.tag ?? 'malformed'}`)
        step(message === undefined ? { tag: 'malformed' } : { tag: 'message', message })
      },
    })
    return { passedFraming: feed(reader, bytes, random, reach) }
  }
}

const answers = ['okSimultaneous', 'nok', 'alive'] as const
const controlNames = new Map<number, string>(
  Object.entries(controlFrame).map(([name, type]) => [type, name]),
)

function isMessageFrame(type: number): boolean {
  return type === serviceFrame || isSignalFrame(type)
}

/** Pushes all of `bytes`; true when they were whole frames to the last byte. */
function feed(reader: FrameReader, bytes: Uint8Array, random: Random, reach: Reach): boolean {
  for (const chunk of chunks(random, bytes)) {
    const error = reader.push(chunk)
    if (error === undefined) continue
    reach(`frame:${error.reason}`)
    return false
  }
  return reader.heldBytes === 0
}
