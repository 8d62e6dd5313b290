/** Conformance cases about endpoints and connections: dial, accept, identity, close, limits. */
import { certificateHash } from '../carrier/digest.ts'
import {
  type CarrierCase,
  type CarrierSetup,
  dialled,
  dialTimeoutMs,
  type Pair,
  same,
  settled,
  withPair,
} from './carrier-pair.ts'
import type { ConnectionWitness } from './carrier-witness.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function caseOf(name: string, body: (pair: Pair) => Promise<void>): CarrierCase {
  return { name, run: (setup) => withPair(setup, body) }
}

async function bothClosed(
  setup: CarrierSetup,
  near: ConnectionWitness,
  far: ConnectionWitness,
): Promise<void> {
  await setup.until('both ends are told', () => near.closes.length > 0 && far.closes.length > 0)
}

const dialAndAccept = caseOf('dial and accept', async ({ left, right, connect }) => {
  const { near, far } = await connect()
  same('role of the dialer', near.connection.role, 'dialer')
  same('role of the acceptor', far.connection.role, 'acceptor')
  same('host the dialer sees', near.connection.peerAddress.host, right.address.host)
  same('port the dialer sees', near.connection.peerAddress.port, right.address.port)
  same('host the acceptor sees', far.connection.peerAddress.host, left.address.host)
  same('port the acceptor sees', far.connection.peerAddress.port, left.address.port)
  same('the dialer is open', near.connection.closed, false)
  same('the acceptor is open', far.connection.closed, false)
})

const certificates = caseOf('certificate hashes of both ends match', async ({ setup, connect }) => {
  const { near, far } = await connect()
  const [left, right] = setup.tls.map((tls) => text(certificateHash(tls.certDer)))
  same('the two certificates differ', left === right, false)
  same('local hash of the dialer', text(near.connection.localCertHash), left)
  same('peer hash of the dialer', text(near.connection.peerCertHash), right)
  same('local hash of the acceptor', text(far.connection.localCertHash), right)
  same('peer hash of the acceptor', text(far.connection.peerCertHash), left)
})

const bothWays = caseOf('connections both ways between two endpoints', async (pair) => {
  const { setup, court, left, right, acceptedLeft, acceptedRight } = pair
  const there = [
    await dialled(setup, court, left, right.address),
    await dialled(setup, court, left, right.address),
  ]
  const back = [
    await dialled(setup, court, right, left.address),
    await dialled(setup, court, right, left.address),
  ]
  await setup.until(
    'all four are accepted',
    () => acceptedLeft.length === 2 && acceptedRight.length === 2,
  )
  const ends = [...there, ...back]
  for (const [index, end] of ends.entries()) {
    const stream = end.open('uni')
    stream.write(new Uint8Array(index + 1))
    stream.end()
  }
  const sizes = (accepted: readonly ConnectionWitness[]): string =>
    accepted
      .flatMap((end) => end.incoming.map((stream) => stream.received))
      .sort()
      .join()
  await setup.until('each stream reached its own end', () => {
    return sizes(acceptedRight) === '1,2' && sizes(acceptedLeft) === '3,4'
  })
})

const closeReachesPeer = caseOf('close code and reason reach the peer once', async (pair) => {
  const { near, far } = await pair.connect()
  near.close(4711, 'good bye')
  same('closed at once', near.connection.closed, true)
  await bothClosed(pair.setup, near, far)
  const [local] = near.closes
  const [remote] = far.closes
  same('local by', local?.by, 'local')
  same('local code', local?.code, 4711)
  same('local reason', local?.reason, 'good bye')
  same('remote by', remote?.by, 'peer')
  same('remote code', remote?.code, 4711)
  same('remote reason', remote?.reason, 'good bye')
  same('closed at the peer', far.connection.closed, true)
  near.close(1, 'again')
  far.close(2, 'too')
  same('no stream after close', near.connection.openStream('bidi'), undefined)
  same('no stream at the peer', far.connection.openStream('uni'), undefined)
})

const closeFromAcceptor = caseOf('the acceptor may close', async (pair) => {
  const { near, far } = await pair.connect()
  far.close(0, '')
  await bothClosed(pair.setup, near, far)
  same('by', near.closes[0]?.by, 'peer')
  same('code', near.closes[0]?.code, 0)
})

const closeBothSides = caseOf('both sides close at once', async (pair) => {
  const { near, far } = await pair.connect()
  near.close(1, 'left')
  far.close(2, 'right')
  await bothClosed(pair.setup, near, far)
  same('the dialer keeps its own reason', near.closes[0]?.by, 'local')
  const [told] = far.closes
  // The dialer's close may have reached it before it was asked to close itself.
  if (pair.setup.apart && told?.by === 'peer') same('the code it was closed with', told.code, 1)
  else same('the acceptor keeps its own reason', told?.by, 'local')
})

const closeWhileWriting = caseOf('close while writing', async (pair) => {
  const { near, far } = await pair.connect()
  const early = near.open('uni')
  early.write(new Uint8Array(1000))
  await pair.setup.until('the first bytes are there', () => far.incoming[0]?.received === 1000)
  const stream = near.open('uni')
  stream.write(new Uint8Array(4_000_000))
  near.close(9, 'enough')
  same('a write after close is refused', stream.write(new Uint8Array(10)), false)
  stream.end()
  stream.reset(1)
  stream.stream.pause()
  stream.stream.resume()
  await bothClosed(pair.setup, near, far)
  same('code', far.closes[0]?.code, 9)
})

const lastWords = caseOf('bytes written before close are flushed', async (pair) => {
  const { near, far } = await pair.connect()
  const stream = near.open('uni')
  stream.write(new Uint8Array([1, 2, 3]))
  stream.end()
  near.close(0, 'done')
  await bothClosed(pair.setup, near, far)
  same('bytes', far.incoming[0]?.received, 3)
  same('end', far.incoming[0]?.ends, 1)
})

const longReason = caseOf('a long close reason is cut, not refused', async (pair) => {
  const { near, far } = await pair.connect()
  const reason = 'é'.repeat(10_000)
  near.close(5, reason)
  await bothClosed(pair.setup, near, far)
  const [told] = far.closes
  same('code', told?.code, 5)
  same('a whole prefix', told !== undefined && told.reason.length > 0, true)
  same('a prefix of the reason', reason.startsWith(told?.reason ?? '?'), true)
})

const nobodyThere = caseOf('dial to nobody fails with a value', async (pair) => {
  const dialling = pair.court.call(() => pair.left.dial(pair.setup.nobody, 300))
  const result = await settled(pair.setup, 'the dial gives up', dialling)
  same('tag', result.tag, 'error')
  const reason = result.tag === 'error' ? result.reason : ''
  same('timeout or refused', reason === 'timeout' || reason === 'refused', true)
})

const dialAfterClose = caseOf('dial after close fails with closed', async (pair) => {
  await settled(pair.setup, 'the endpoint closes', pair.left.close(0))
  const result = await settled(
    pair.setup,
    'the dial is answered',
    pair.left.dial(pair.right.address, dialTimeoutMs),
  )
  same('reason', result.tag === 'error' ? result.reason : result.tag, 'closed')
})

const closeDuringDial = caseOf('close during a dial fails it with closed', async (pair) => {
  const dialling = pair.left.dial(pair.setup.nobody, dialTimeoutMs)
  // Until the address is looked at, nothing is under way.
  let turns = 0
  await pair.setup.until('the dial is under way', () => turns++ > 2)
  await settled(pair.setup, 'the endpoint closes', pair.left.close(0))
  const result = await settled(pair.setup, 'the dial is answered', dialling)
  same('reason', result.tag === 'error' ? result.reason : result.tag, 'closed')
})

const endpointClose = caseOf('endpoint close ends all its connections', async (pair) => {
  const { setup, court, left, right, acceptedRight } = pair
  const first = await pair.connect()
  const second = await dialled(setup, court, right, left.address)
  await setup.until('it is accepted', () => pair.acceptedLeft.length === 1)
  const [accepted] = pair.acceptedLeft
  await settled(
    setup,
    'the endpoint closes',
    court.call(() => left.close(33)),
  )
  same('own dialled one', first.near.closes[0]?.by, 'local')
  same('own accepted one', accepted?.closes[0]?.by, 'local')
  await setup.until('the other end is told of both', () => {
    return acceptedRight[0]?.closes.length === 1 && second.closes.length === 1
  })
  same('code at the acceptor', acceptedRight[0]?.closes[0]?.code, 33)
  same('code at the dialer', second.closes[0]?.code, 33)
  await settled(setup, 'a second close settles too', left.close(0))
})

const statistics = caseOf('statistics count what was carried', async (pair) => {
  const { near, far } = await pair.connect()
  const stream = near.open('uni')
  stream.write(new Uint8Array(100_000))
  stream.end()
  await pair.setup.until('it is there', () => far.incoming[0]?.ends === 1)
  const sent = near.connection.statistics()
  const received = far.connection.statistics()
  same('sent', sent.sentBytes >= 100_000, true)
  same('received', received.receivedBytes >= 100_000, true)
  same('round trip', sent.rttMs >= 0 && Number.isFinite(sent.rttMs), true)
  same('lost', sent.lostPackets >= 0, true)
})

export const connectionCases: readonly CarrierCase[] = [
  dialAndAccept,
  certificates,
  bothWays,
  closeReachesPeer,
  closeFromAcceptor,
  closeBothSides,
  closeWhileWriting,
  lastWords,
  longReason,
  nobodyThere,
  dialAfterClose,
  closeDuringDial,
  endpointClose,
  statistics,
]
