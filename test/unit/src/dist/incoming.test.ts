import type {
  CarrierStream,
  CloseInfo,
  Connection,
  StreamHandler,
} from '../../../../src/carrier/carrier.ts'
import { admission } from '../../../../src/dist/admission.ts'
import { Attempts } from '../../../../src/dist/attempts.ts'
import { authStreams } from '../../../../src/dist/auth-pipe.ts'
import { Incoming } from '../../../../src/dist/incoming.ts'
import { closeCode, streamKind } from '../../../../src/dist/protocol.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('incoming streams')

/** A stream of the peer: the test says what arrives. */
class PeerStream implements CarrierStream {
  readonly id = 3
  readonly kind = 'uni'
  readonly queuedBytes = 0
  handler: StreamHandler | undefined
  paused = false
  readonly written: number[] = []
  ended = false

  write(bytes: Uint8Array): boolean {
    this.written.push(...bytes)
    return true
  }

  end(): void {
    this.ended = true
  }

  reset(): void {}

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  arrive(...bytes: number[]): void {
    const borrowed = Uint8Array.from(bytes)
    this.handler?.onData(borrowed)
    borrowed.fill(0xdb)
  }
}

class PlayedConnection implements Connection {
  readonly role = 'acceptor'
  readonly peerAddress = { host: '10.0.0.1', port: 1 }
  readonly localCertHash = new Uint8Array(32)
  readonly peerCertHash = new Uint8Array(32)
  handler: Connection['handler']
  readonly opened: PeerStream[] = []
  closedWith: { code: number; reason: string } | undefined
  streamsLeft = 100

  openStream(): CarrierStream | undefined {
    if (this.streamsLeft-- <= 0) return undefined
    const stream = new PeerStream()
    this.opened.push(stream)
    return stream
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason }
  }

  get closed(): boolean {
    return this.closedWith !== undefined
  }

  statistics() {
    return { rttMs: 0, sentBytes: 0, receivedBytes: 0, lostPackets: 0 }
  }
}

function setup() {
  const connection = new PlayedConnection()
  const incoming = new Incoming(connection)
  connection.handler = incoming
  const stream = (...bytes: number[]): PeerStream => {
    const made = new PeerStream()
    incoming.onStream(made)
    if (bytes.length > 0) made.arrive(...bytes)
    return made
  }
  return { connection, incoming, stream }
}

/** A taker that keeps what the streams bring. */
function keeper(bytes: number[], ends: string[] = []) {
  return (): StreamHandler => ({
    onData: (chunk) => void bytes.push(...chunk),
    onEnd: () => void ends.push('end'),
    onReset: (code) => void ends.push(`reset ${code}`),
    onDrain: () => undefined,
  })
}

const violation = { code: closeCode.protocolViolation }

test('streams go to whoever takes their kind, without the kind byte', () => {
  const { incoming, stream } = setup()
  const [auth, data]: [number[], number[]] = [[], []]
  incoming.take(streamKind.auth, keeper(auth))
  incoming.take(streamKind.data, keeper(data))
  stream(streamKind.data, 1, 2).arrive(3)
  stream(streamKind.auth).arrive(9)
  assert.equal([auth, data], [[9], [1, 2, 3]])
})

test('what comes before its taker waits, paused, copied, and comes first', () => {
  const { incoming, stream } = setup()
  const early = stream(streamKind.data, 1, 2)
  assert.ok(early.paused)
  const got: number[] = []
  incoming.take(streamKind.data, keeper(got))
  assert.equal(got, [1, 2])
  assert.not(early.paused)
  early.arrive(3)
  assert.equal(got, [1, 2, 3])
})

test('a held stream with nothing but its kind is handed over without data', () => {
  const { incoming, stream } = setup()
  const early = stream(streamKind.control)
  const got: number[] = []
  incoming.take(streamKind.control, keeper(got))
  assert.equal(got, [])
  early.arrive(5)
  assert.equal(got, [5])
})

for (const kind of [0, 4, 200, 255]) {
  test(`kind ${kind}, which nobody knows, ends the connection`, () => {
    const { connection, stream } = setup()
    stream(kind, 1)
    assert.equal(connection.closedWith, { ...violation, reason: `stream kind ${kind}` })
  })
}

test('one stream more than a kind has ends the connection, taken or held', () => {
  for (const [kind, max] of [
    [streamKind.auth, 1],
    [streamKind.control, 1],
    [streamKind.data, limits.distDataStreams],
  ] as const) {
    for (const taken of [true, false]) {
      const { connection, incoming, stream } = setup()
      if (taken) incoming.take(kind, keeper([]))
      for (let n = 0; n < max; n++) stream(kind)
      assert.is(connection.closedWith, undefined)
      stream(kind)
      assert.equal(connection.closedWith, { ...violation, reason: `stream kind ${kind}` })
    }
  }
})

test('an empty chunk decides nothing; an end without a kind ends the connection', () => {
  const { connection, stream } = setup()
  const silent = stream()
  silent.arrive()
  assert.is(connection.closedWith, undefined)
  silent.handler?.onEnd()
  assert.equal(connection.closedWith, { ...violation, reason: 'a stream without a kind' })
})

test('a reset before the kind is of no concern', () => {
  const { connection, stream } = setup()
  stream().handler?.onReset(1)
  assert.is(connection.closedWith, undefined)
})

test('the end is told once, also to who asks later', () => {
  const { incoming } = setup()
  const info: CloseInfo = { by: 'peer', code: 1, reason: 'r' }
  const heard: CloseInfo[] = []
  incoming.onceClosed((one) => heard.push(one))
  incoming.onClose(info)
  incoming.onceClosed((one) => heard.push(one))
  assert.equal(heard, [info, info])
})

test('the end lets go of what was held', () => {
  const { incoming, stream } = setup()
  stream(streamKind.data, 1)
  incoming.onClose({ by: 'idle', code: 0, reason: '' })
  const got: number[] = []
  incoming.take(streamKind.data, keeper(got))
  assert.equal(got, [])
})

test('authentication bytes that came early reach the pipe when it listens, not before', () => {
  const { connection, incoming, stream } = setup()
  stream(streamKind.auth, 7, 8)
  const { pipe, listen } = authStreams(connection, incoming)
  const got: number[] = []
  const ends: string[] = []
  pipe.onBytes = (bytes) => got.push(...bytes)
  pipe.onEnd = () => ends.push('end')
  pipe.onReset = (code) => ends.push(`reset ${code}`)
  assert.equal(got, [])
  listen()
  assert.equal(got, [7, 8])
})

test('our authentication stream opens with the first bytes, its kind before them', () => {
  const { connection, incoming } = setup()
  const { pipe } = authStreams(connection, incoming)
  pipe.end()
  assert.is(connection.opened.length, 0)
  const bytes = Uint8Array.of(1, 2)
  pipe.send(bytes)
  bytes.fill(9)
  pipe.send(Uint8Array.of(3))
  pipe.end()
  assert.is(connection.opened.length, 1)
  assert.equal(connection.opened[0]?.written, [streamKind.auth, 1, 2, 3])
  assert.ok(connection.opened[0]?.ended)
})

test('the end of either stream, or of the connection, reaches the pipe', () => {
  const { connection, incoming, stream } = setup()
  const { pipe, listen, closed } = authStreams(connection, incoming)
  const ends: string[] = []
  pipe.onBytes = () => undefined
  pipe.onEnd = () => ends.push('end')
  pipe.onReset = (code) => ends.push(`reset ${code}`)
  listen()
  const theirs = stream(streamKind.auth)
  theirs.handler?.onEnd()
  theirs.handler?.onReset(4)
  pipe.send(Uint8Array.of(1))
  connection.opened[0]?.handler?.onReset(5)
  closed()
  assert.equal(ends, ['end', 'reset 4', 'reset 5', 'reset 0'])
})

test('a connection that allows no stream costs the handshake its time, not an exception', () => {
  const { connection, incoming } = setup()
  connection.streamsLeft = 0
  const { pipe } = authStreams(connection, incoming)
  pipe.send(Uint8Array.of(1))
  pipe.end()
  assert.is(connection.opened.length, 0)
})

test('admission: the greater name wins a simultaneous dial, a channel is probed', () => {
  const table = [
    ['unknown', 'ok', 'ok'],
    ['connecting', 'ok', 'ok'],
    ['dialing', 'okSimultaneous', 'nok'],
    ['closing', 'wait', 'wait'],
    ['up', 'probe', 'probe'],
  ] as const
  for (const [state, smaller, greater] of table) {
    assert.is(admission(state, 'a@h', 'b@h'), smaller, state)
    assert.is(admission(state, 'b@h', 'a@h'), greater, state)
  }
})

test('attempts are bounded, taken up once, and make room when they are decided', () => {
  const attempts = new Attempts()
  const attempt = { role: 'dialer', node: 'n@h', ended: () => undefined } as const
  const ids: number[] = []
  for (let id = attempts.add(attempt); id !== undefined; id = attempts.add(attempt)) ids.push(id)
  assert.is(ids.length, limits.distPendingLinksMax)
  assert.is(new Set(ids).size, ids.length)
  const [first = 0] = ids
  assert.ok(attempts.waits(first))
  const begun = attempts.begin(first)
  assert.is(begun?.attempt, attempt)
  assert.not(attempts.waits(first))
  assert.is(attempts.begin(first), undefined, 'once')
  assert.is(attempts.add(attempt), undefined, 'it still counts')
  begun?.release()
  begun?.release()
  assert.ok(attempts.add(attempt) !== undefined)
  assert.is(attempts.add(attempt), undefined, 'a second release gives no second place')
  for (const id of [0, -1, 1e9, Number.NaN]) assert.is(attempts.begin(id), undefined)
  assert.is(attempts.waiting.length, limits.distPendingLinksMax)
})

test.run()
