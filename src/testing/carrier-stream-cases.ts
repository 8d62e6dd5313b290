/** Conformance cases about streams: order, ends, resets, back-pressure, limits. */
import { type CarrierCase, type Pair, same, withPair } from './carrier-pair.ts'
import { Checksum, type ConnectionWitness, type StreamWitness } from './carrier-witness.ts'

const bulkBytes = 10_000_000
const chunkMaxBytes = 100_000

function caseOf(
  name: string,
  body: (pair: Pair) => Promise<void>,
  options: { readonly streamsMax?: number } = {},
): CarrierCase {
  return { name, run: (setup) => withPair(setup, body, options) }
}

/** Echoes every bidirectional stream the peer opens. */
function echo(end: ConnectionWitness): void {
  end.onStream = (stream) => {
    if (stream.stream.kind === 'uni') return
    stream.onData = (bytes) => {
      stream.write(bytes.slice())
    }
    stream.onEnd = () => stream.end()
  }
}

/** Writes `total` bytes in chunks of random size, as fast as it is let; then ends. */
function pour(pair: Pair, stream: StreamWitness, total: number): Checksum {
  const { random } = pair.setup.platform
  const checksum = new Checksum()
  let left = total
  const go = (): void => {
    while (left > 0) {
      const size = Math.min(left, 1 + Math.floor(random.unit() ** 3 * chunkMaxBytes))
      const chunk = new Uint8Array(size).fill(left & 0xff)
      chunk[0] = size & 0xff
      checksum.add(chunk)
      left -= size
      if (!stream.write(chunk) && left > 0) return
    }
    stream.end()
  }
  stream.onDrain = go
  go()
  return checksum
}

const bidiBothWays = caseOf('bidirectional streams from both ends', async (pair) => {
  const { near, far } = await pair.connect()
  for (const end of [near, far]) echo(end)
  const streams = [near.open('bidi'), far.open('bidi')]
  for (const stream of streams) {
    stream.write(new Uint8Array([7, 8, 9]))
    stream.end()
  }
  await pair.setup.until('both echoes ended', () => streams.every((stream) => stream.ends === 1))
  for (const stream of streams) same('echoed bytes', stream.received, 3)
  same('kind at the peer', far.incoming[0]?.stream.kind, 'bidi')
  same('one stream each', near.incoming.length + far.incoming.length, 2)
})

const kept = caseOf('what a handler keeps stays as it was', async (pair) => {
  const { near, far } = await pair.connect()
  const pieces: Uint8Array[] = []
  far.onStream = (stream) => {
    stream.onData = (bytes) => {
      // Every other one, so that memory is both kept and used again.
      stream.keeps = pieces.length % 2 === 0
      pieces.push(stream.keeps ? bytes : bytes.slice())
    }
  }
  const sent = pour(pair, near.open('uni'), bulkBytes / 4)
  await pair.setup.until('all arrived', () => far.incoming[0]?.ends === 1)
  const checksum = new Checksum()
  for (const piece of pieces) checksum.add(piece)
  same('what was kept', checksum.value, sent.value)
})

const uniBothWays = caseOf('unidirectional streams from both ends', async (pair) => {
  const { near, far } = await pair.connect()
  for (const end of [near, far]) {
    const stream = end.open('uni')
    stream.write(new Uint8Array([1]))
    stream.end()
  }
  await pair.setup.until('both arrived', () => {
    return near.incoming[0]?.ends === 1 && far.incoming[0]?.ends === 1
  })
  same('kind', far.incoming[0]?.stream.kind, 'uni')
  same('a write on a stream that only receives', far.incoming[0]?.write(new Uint8Array(1)), false)
})

const emptyStream = caseOf('a stream may end without a byte', async (pair) => {
  const { near, far } = await pair.connect()
  const stream = near.open('uni')
  stream.write(new Uint8Array(0))
  stream.end()
  await pair.setup.until('it ended', () => far.incoming[0]?.ends === 1)
  same('bytes', far.incoming[0]?.received, 0)
})

const bulk = caseOf('bytes arrive whole and in order', async (pair) => {
  const { near, far } = await pair.connect()
  const up = pour(pair, near.open('uni'), bulkBytes)
  const down = pour(pair, far.open('uni'), bulkBytes)
  await pair.setup.until('both ended', () => {
    return near.incoming[0]?.ends === 1 && far.incoming[0]?.ends === 1
  })
  same('bytes up', far.incoming[0]?.received, bulkBytes)
  same('checksum up', far.incoming[0]?.checksum, up.value)
  same('bytes down', near.incoming[0]?.received, bulkBytes)
  same('checksum down', near.incoming[0]?.checksum, down.value)
})

const parallel = caseOf('many streams in parallel', async (pair) => {
  const { near, far } = await pair.connect()
  echo(far)
  const sent = Array.from({ length: 60 }, (_, index) => {
    const stream = near.open('bidi')
    return { stream, expected: pour(pair, stream, 1000 + index * 997) }
  })
  await pair.setup.until('all ended', () => sent.every(({ stream }) => stream.ends === 1))
  for (const { stream, expected } of sent) same('checksum', stream.checksum, expected.value)
})

const endAfterLast = caseOf('the end comes after the last byte', async (pair) => {
  const { near, far } = await pair.connect()
  const stream = near.open('uni')
  stream.write(new Uint8Array(3_000_000))
  stream.end()
  same('a write after end is refused', stream.write(new Uint8Array(1)), false)
  await pair.setup.until('it ended', () => far.incoming[0]?.ends === 1)
  same('bytes', far.incoming[0]?.received, 3_000_000)
})

const resetBySender = caseOf('the code of a reset reaches the peer', async (pair) => {
  const { near, far } = await pair.connect()
  const streams = [near.open('uni'), near.open('bidi')]
  for (const stream of streams) stream.write(new Uint8Array(10))
  await pair.setup.until('both are met', () => far.incoming.length === 2)
  for (const [index, stream] of streams.entries()) stream.reset(100 + index)
  await pair.setup.until('both resets are seen', () => {
    return far.incoming.every((stream) => stream.resets.length === 1)
  })
  const codes = far.incoming.map((stream) => `${stream.stream.kind} ${stream.resets[0]}`).sort()
  same('codes', codes.join(), 'bidi 101,uni 100')
  same('no callback for our own', streams[1]?.resets.length, 0)
  same('a write after reset is refused', streams[0]?.write(new Uint8Array(1)), false)
})

const resetByReader = caseOf('a reader that gives up stops the sender', async (pair) => {
  const { near, far } = await pair.connect()
  const uni = near.open('uni')
  const bidi = near.open('bidi')
  for (const stream of [uni, bidi]) stream.write(new Uint8Array(10))
  await pair.setup.until('both are met', () => far.incoming.length === 2)
  for (const stream of far.incoming) stream.reset(stream.stream.kind === 'uni' ? 200 : 201)
  await pair.setup.until('the sender is told', () => {
    return uni.resets.length === 1 && bidi.resets.length === 1
  })
  same('code of the unidirectional one', uni.resets[0], 200)
  same('code of the bidirectional one', bidi.resets[0], 201)
  same('a write afterwards is refused', uni.write(new Uint8Array(1)), false)
})

const resetsKeepCredit = caseOf(
  'resets give the stream credit back',
  async (pair) => {
    const { near, far } = await pair.connect()
    far.onStream = (stream) => {
      // Those the opener leaves alone: every second one.
      if (Math.floor(stream.stream.id / 4) % 2 === 1) stream.reset(1)
    }
    for (let round = 0; round < 40; round++) {
      await pair.setup.until('a stream can be opened', () => {
        const stream = near.connection.openStream('bidi')
        if (stream === undefined) return false
        stream.write(new Uint8Array(5))
        if (round % 2 === 0) stream.reset(2)
        return true
      })
    }
    same('alive', near.connection.closed, false)
  },
  { streamsMax: 4 },
)

const backPressure = caseOf('a slow reader holds the writer', async (pair) => {
  const { near, far } = await pair.connect()
  far.onStream = (stream) => stream.stream.pause()
  const stream = near.open('uni')
  const total = 20_000_000
  const expected = pour(pair, stream, total)
  await pair.setup.until('the stream is met', () => far.incoming.length === 1)
  same('write said false', stream.stream.queuedBytes > 0, true)
  const [reader] = far.incoming
  let calm = 0
  let before = -1
  await pair.setup.until('nothing moves any more', () => {
    calm = stream.stream.queuedBytes === before ? calm + 1 : 0
    before = stream.stream.queuedBytes
    return calm > 20
  })
  same('nothing was read', reader?.received, 0)
  same('it still waits', stream.stream.queuedBytes > 0, true)
  same('what waits is bounded', stream.stream.queuedBytes < 1_000_000, true)
  reader?.stream.resume()
  await pair.setup.until('it ended', () => reader?.ends === 1)
  same('drained', stream.drains > 0, true)
  same('checksum', reader?.checksum, expected.value)
})

const pauseInCallback = caseOf('pause holds the rest of the stream', async (pair) => {
  const { near, far } = await pair.connect()
  far.onStream = (stream) => {
    stream.onData = () => stream.stream.pause()
  }
  const paused = near.open('uni')
  paused.write(new Uint8Array(10))
  paused.end()
  await pair.setup.until('the first bytes are there', () => far.incoming[0]?.received === 10)
  const other = near.open('uni')
  other.write(new Uint8Array(1))
  await pair.setup.until('another stream goes on', () => far.incoming[1]?.received === 1)
  same('no end during the pause', far.incoming[0]?.ends, 0)
  far.incoming[0]?.stream.resume()
  await pair.setup.until('the end follows', () => far.incoming[0]?.ends === 1)
})

const streamLimit = caseOf(
  'the stream limit is a value, and is given back',
  async (pair) => {
    const { near, far } = await pair.connect()
    const streams = [near.open('uni'), near.open('uni'), near.open('uni')]
    same('a fourth', near.connection.openStream('uni'), undefined)
    near.open('bidi')
    for (const stream of streams) {
      stream.write(new Uint8Array(1))
      stream.end()
    }
    await pair.setup.until('they ended', () => far.incoming.every((stream) => stream.ends === 1))
    await pair.setup.until('one more can be opened', () => {
      return near.connection.openStream('uni') !== undefined
    })
  },
  { streamsMax: 3 },
)

export const streamCases: readonly CarrierCase[] = [
  bidiBothWays,
  uniBothWays,
  kept,
  emptyStream,
  bulk,
  parallel,
  endAfterLast,
  resetBySender,
  resetByReader,
  resetsKeepCredit,
  backPressure,
  pauseInCallback,
  streamLimit,
]
