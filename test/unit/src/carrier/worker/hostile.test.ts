/**
 * The other end of a port is another thread's code: what it may not say ends the connection, or
 * the link, it said it on, with nothing thrown, nothing kept and nobody else disturbed.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { limits } from '../../../../../src/limits.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { until } from '../../../../support/until.ts'
import { certHash, connected, dataOf, endOf, post, stranger, there } from './support.ts'

const test = suite('worker carrier: hostile threads')

const zero = new Uint8Array(0)
/** The first streams of a dialer. */
const uni = 2
const bidi = 0
const window = limits.carrierStreamWindowBytes

/** What no peer may do on a connection, and how it is named. */
const offences: readonly (readonly [string, (port: MessagePort) => void, RegExp])[] = [
  ['a text', (port) => port.postMessage('hello'), /no batch/],
  ['nothing', (port) => port.postMessage(undefined), /no batch/],
  ['an array buffer', (port) => port.postMessage(new ArrayBuffer(8)), /no batch/],
  [
    'a view of a larger buffer',
    (port) => port.postMessage(new Uint8Array(10_000).subarray(0, 1)),
    /no batch/,
  ],
  [
    'memory that is shared',
    (port) => port.postMessage(new Uint8Array(new SharedArrayBuffer(1))),
    /no batch/,
  ],
  ['an empty batch', (port) => port.postMessage(zero), /malformed/],
  ['an unknown record', (port) => port.postMessage(Uint8Array.of(77)), /malformed/],
  [
    'a second acceptance',
    (port) => post(port, { tag: 'accept', certHash, streamsMax: 1 }),
    /twice/,
  ],
  ['a stream of ours that is not open', (port) => post(port, dataOf(1, certHash)), /not the peer/],
  ['an end of such a stream', (port) => post(port, { tag: 'end', stream: 3 }), /not the peer/],
  [
    'a stream beyond the grant',
    (port) => post(port, dataOf(4 * 256 + uni, certHash)),
    /not the peer/,
  ],
  [
    'data after the end',
    (port) => post(port, { tag: 'end', stream: bidi }, dataOf(bidi, certHash)),
    /credit or end/,
  ],
  [
    'two ends',
    (port) => post(port, { tag: 'end', stream: bidi }, { tag: 'end', stream: bidi }),
    /second end/,
  ],
  [
    'credit for what was never sent',
    (port) => post(port, dataOf(bidi, certHash), { tag: 'credit', stream: bidi, bytes: 1 }),
    /credit for nothing/,
  ],
  [
    'credit of the connection for nothing',
    (port) => post(port, { tag: 'connectionCredit', bytes: 1 }),
    /credit for nothing/,
  ],
  [
    'room for streams that were never opened',
    (port) => post(port, { tag: 'streamCredit', kind: 'uni' }),
    /credit for nothing/,
  ],
  ['an answer to no question', (port) => post(port, { tag: 'pong' }), /answer to nothing/],
  [
    'a stream beyond its window, unread',
    (port) => {
      for (let sent = 0; sent <= window; sent += 65_536)
        post(port, dataOf(uni, new Uint8Array(65_536)))
    },
    /credit or end/,
  ],
  [
    'a flood over all streams',
    (port) => {
      for (let n = 0; n < 200; n++) post(port, dataOf(4 * (n % 50) + uni, new Uint8Array(65_536)))
    },
    /more than the credit/,
  ],
  [
    'one message larger than all credit',
    (port) => post(port, dataOf(uni, new Uint8Array(16 * 1024 * 1024))),
    /more than the credit/,
  ],
]

for (const [what, offend, reason] of offences) {
  test(`${what} ends the connection, and no other`, async () => {
    const peer = await stranger()
    const { port, end } = await peer.dial()
    const other = await peer.dial()
    // Nobody reads: whatever is let in stays.
    end.onStream = ({ stream }) => stream.pause()
    offend(port)
    const info = await endOf(end)
    assert.is(info?.by, 'error')
    assert.match(String(info?.reason), reason)
    post(other.port, dataOf(uni, Uint8Array.of(1, 2, 3)))
    await until('the other one goes on', () => other.end.incoming[0]?.received === 3)
    assert.is(other.end.connection.closed, false)
  })
}

test('a dialled thread that says something else first is refused', async () => {
  const peer = await stranger()
  const dialing = peer.endpoint.dial(there, 5000)
  post(await peer.nextDial(), dataOf(uni, certHash))
  const result = await dialing
  assert.is(result.tag === 'error' ? result.reason : result.tag, 'refused')
})

test('data beside the acceptance comes before anybody can listen, and is refused', async () => {
  const peer = await stranger()
  const dialing = peer.endpoint.dial(there, 5000)
  const port = await peer.nextDial()
  post(port, { tag: 'accept', certHash, streamsMax: 10 }, dataOf(1, certHash))
  const result = await dialing
  if (result.tag === 'error') throw new Error(result.message)
  assert.is(result.connection.closed, true)
})

const notDials: readonly (readonly [string, unknown])[] = [
  ['a number', 1],
  ['an object without a port', { tag: 'dial', certHash, streamsMax: 1 }],
  ['a hash of another length', { tag: 'dial', certHash: zero, streamsMax: 1 }],
  ['a room that is no number', { tag: 'dial', certHash, streamsMax: 'many' }],
  ['a negative room', { tag: 'dial', certHash, streamsMax: -1 }],
]

for (const [what, message] of notDials) {
  test(`${what} on a link ends the link, and leaves its connections`, async () => {
    const peer = await stranger()
    const { port, end } = await peer.dial()
    const { port1, port2 } = new MessageChannel()
    const closed = new Promise((resolve) => port1.once('close', resolve))
    const linkClosed = new Promise((resolve) => peer.link.once('close', resolve))
    const carries = typeof message === 'object' && what !== 'an object without a port'
    if (carries) peer.link.postMessage({ ...message, port: port2 }, [port2])
    else {
      peer.link.postMessage(message)
      port2.close()
    }
    await linkClosed
    // What came with it is not kept open either.
    await closed
    const again = await peer.endpoint.dial(there, 5000)
    assert.is(again.tag === 'error' ? again.reason : again.tag, 'refused')
    post(port, dataOf(uni, Uint8Array.of(1)))
    await until('the connection goes on', () => end.incoming[0]?.received === 1)
  })
}

test('more dials than connections may be are refused one by one', async () => {
  const peer = await stranger({ connectionsMax: 3 })
  const held = [await peer.dial(), await peer.dial(), await peer.dial()]
  const { port1, port2 } = new MessageChannel()
  const closed = new Promise((resolve) => port1.once('close', resolve))
  peer.link.postMessage({ tag: 'dial', port: port2, certHash, streamsMax: 1 }, [port2])
  await closed
  const ours = await peer.endpoint.dial(there, 5000)
  assert.is(ours.tag === 'error' ? ours.reason : ours.tag, 'limit')
  held[0]?.port.close()
  await until('it is noticed', () => held[0]?.end.closes.length === 1)
  await peer.dial()
  assert.is(peer.accepted.length, 4)
})

test('streams that keep to their windows keep to that of the connection too', async () => {
  const peer = await stranger()
  const { port, end } = await peer.dial()
  end.onStream = ({ stream }) => stream.pause()
  for (let n = 0; n < 4; n++) {
    post(port, dataOf(4 * n + uni, new Uint8Array(1_000_000)))
    await until('it was read', () => end.incoming.length === n + 1)
  }
  assert.is(end.connection.closed, false)
  post(port, dataOf(4 * 4 + uni, new Uint8Array(1_000_000)))
  assert.match(String((await endOf(end))?.reason), /more than the credit/)
})

for (const way of ['at once', 'when much of it waits'] as const) {
  test(`a stream given up ${way} gives its share of the connection back`, async () => {
    const { near, far } = await connected()
    for (let round = 0; round < 12; round++) {
      const stream = near.open('uni')
      far.onStream = (incoming) => {
        if (way === 'at once') incoming.reset(1)
        else incoming.stream.pause()
      }
      stream.write(new Uint8Array(800_000))
      await until('it is met', () => far.incoming.length === round + 1)
      let turns = 0
      await until('it has arrived', () => stream.stream.queuedBytes === 0 && turns++ > 5)
      if (way !== 'at once') far.incoming[round]?.reset(1)
      await until('it is given up', () => stream.resets.length === 1)
    }
    far.onStream = undefined
    const last = near.open('uni')
    last.write(new Uint8Array(1_000_000))
    last.end()
    await until('another one passes', () => far.incoming.at(-1)?.ends === 1)
  })
}

test('a dial over a link that has just closed is refused, not left waiting', async () => {
  const peer = await stranger()
  peer.link.close()
  const result = await peer.endpoint.dial(there, 5000)
  assert.is(result.tag === 'error' ? result.reason : result.tag, 'refused')
})

test('a dial that nobody takes is given up in time, and its port closed', async () => {
  const peer = await stranger()
  const dialing = peer.endpoint.dial(there, 50)
  const port = await peer.nextDial()
  const closed = new Promise((resolve) => port.once('close', resolve))
  const result = await dialing
  assert.is(result.tag === 'error' ? result.reason : result.tag, 'timeout')
  await closed
})

test('a thread that opens and gives up streams without end is held by its grant', async () => {
  const peer = await stranger({ streamsMax: 4 })
  const { port, end } = await peer.dial()
  let opened = 0
  let room = 4
  port.on('message', (batch: Uint8Array) => {
    // Each room given back is two bytes of code 7.
    for (let at = 0; at < batch.length; at += 2) if (batch[at] === 7) room += 1
  })
  await until('a thousand streams were met', () => {
    while (room > 0 && opened < 1000) {
      post(port, dataOf(4 * opened, Uint8Array.of(1)), {
        tag: 'reset',
        stream: 4 * opened,
        code: 1,
      })
      opened += 1
      room -= 1
    }
    return end.incoming.length === 1000
  })
  assert.is(end.connection.closed, false)
  post(port, dataOf(4 * 1010, Uint8Array.of(1)))
  assert.match(String((await endOf(end))?.reason), /not the peer/)
})

test('a hundred thousand questions get few answers', async () => {
  const peer = await stranger()
  const { port, end } = await peer.dial()
  let answers = 0
  port.on('message', (batch: Uint8Array) => {
    answers += batch.filter((code) => code === 10).length
  })
  const questions = Array.from({ length: 100_000 }, () => ({ tag: 'ping' }) as const)
  post(port, ...questions)
  post(port, dataOf(uni, Uint8Array.of(1)))
  await until('all were read', () => end.incoming[0]?.received === 1)
  await until('they are answered', () => answers > 0)
  assert.ok(answers < 10, `${answers} answers`)
})

test('tiny pieces for a reader that pauses cost what they are', async () => {
  const peer = await stranger()
  const { port, end } = await peer.dial()
  end.onStream = ({ stream }) => stream.pause()
  // Each in a batch of its own, whose buffer must not be kept for a byte of it.
  for (let n = 0; n < 20_000; n++) post(port, dataOf(uni, Uint8Array.of(n)))
  await until('it is met', () => end.incoming.length === 1)
  end.incoming[0]?.stream.resume()
  await until('all is there', () => end.incoming[0]?.received === 20_000)
  assert.is(end.connection.closed, false)
})

test('a port that closes while it is written to is the end, once', async () => {
  const peer = await stranger()
  const { port, end } = await peer.dial()
  const stream = end.open('uni')
  while (stream.write(new Uint8Array(50_000)));
  port.close()
  stream.write(new Uint8Array(50_000))
  const info = await endOf(end)
  assert.equal([info?.by, info?.reason], ['error', 'the other end is gone'])
  assert.is(stream.write(new Uint8Array(1)), false)
  assert.is(end.connection.openStream('uni'), undefined)
  stream.end()
  stream.reset(1)
  end.close(1, 'late')
  assert.is(end.closes.length, 1)
})

test('what was sent before the port closed is read before the end is told', async () => {
  const peer = await stranger()
  const { port, end } = await peer.dial()
  for (let n = 0; n < 36; n++) post(port, dataOf(4 * (n % 4) + uni, new Uint8Array(100_000)))
  port.close()
  await endOf(end)
  const received = end.incoming.reduce((sum, stream) => sum + stream.received, 0)
  assert.is(received, 3_600_000)
})

test('bytes that arrive in a long train leave turns to others', async () => {
  const { near, far } = await connected()
  const stream = near.open('uni')
  let turns = 0
  let turning = true
  const tick = (): void => {
    turns += 1
    if (turning) setImmediate(tick)
  }
  let turnsAtFirst = 0
  far.onStream = (incoming) => {
    turnsAtFirst = turns
    setImmediate(tick)
    incoming.onEnd = () => {
      turning = false
    }
  }
  stream.write(new Uint8Array(1_000_000))
  stream.end()
  await until('it is there', () => far.incoming[0]?.ends === 1)
  assert.ok(turns - turnsAtFirst >= 3, `${turns - turnsAtFirst} turns for a million bytes`)
})

test('the sender of a handle learns of a code that is none', async () => {
  const { near } = await connected()
  const stream = near.open('uni')
  assert.throws(() => stream.reset(-1), /code must be an integer/)
  assert.throws(() => near.close(0.5, ''), /code must be an integer/)
  assert.is(near.connection.closed, false)
})

test.run()
