/**
 * This code talks with a peer of the first protocol version, whose bytes were recorded: both sides
 * of the handshake byte by byte, and a node that is dialled by it and gets its signals.
 */
import { cookieDigest } from '../../../../src/dist/cookie.ts'
import {
  type HandshakeAction,
  type HandshakeEnv,
  type HandshakeEvent,
  newHandshake,
  stepHandshake,
} from '../../../../src/dist/handshake.ts'
import { HandshakeCodec, type HandshakeMessage } from '../../../../src/dist/handshake-message.ts'
import { controlFrame, flagsOf } from '../../../../src/dist/protocol.ts'
import { genServer, next, nodes, process, reply, type Self, spawn } from '../../../../src/index.ts'
import { FrameReader } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { fromHex } from '../../../support/vectors/auth-vectors.ts'
import { olderPeer, type RecordedHandshake } from '../../../support/vectors/dist-peer-v1.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { VirtualCluster } from './virtual-cluster.ts'

const test = suite('an older peer')

function messageOf(frame: string): HandshakeMessage {
  const messages: HandshakeMessage[] = []
  const codec = new HandshakeCodec()
  const reader = new FrameReader({
    knows: (type) => type === controlFrame.handshake,
    onFrame: (_, body) => {
      const message = codec.decode(body)
      if (message !== undefined) messages.push(message)
    },
  })
  assert.is(reader.push(fromHex(frame)), undefined)
  const [message] = messages
  if (message === undefined) throw new Error('the recorded bytes are no message any more')
  return message
}

/** What this code does on the other side of a recorded handshake. */
function replay({ role, sent }: RecordedHandshake, changes: Partial<HandshakeEnv> = {}) {
  const { cookie, old, young, nonces } = olderPeer
  const env: HandshakeEnv = {
    role: role === 'dialer' ? 'acceptor' : 'dialer',
    self: { ...young, flags: flagsOf(false) },
    authenticated: old.node,
    cookie,
    serverCertHash: fromHex(olderPeer.serverCertHash),
    clientCertHash: fromHex(olderPeer.clientCertHash),
    nonce: fromHex(nonces.young),
    ...changes,
  }
  const said: HandshakeMessage[] = []
  const ends: HandshakeAction[] = []
  const queue: HandshakeEvent[] = [
    { tag: 'start' },
    ...sent.map((frame) => ({ tag: 'message', message: messageOf(frame) }) as const),
  ]
  let state = newHandshake
  for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
    const [after, actions] = stepHandshake(state, event, env)
    state = after
    for (const action of actions) {
      if (action.tag === 'send') said.push(action.message)
      else if (action.tag === 'ask') queue.unshift({ tag: 'decided', status: 'ok' })
      else if (action.tag === 'choose') queue.unshift({ tag: 'chosen', won: true })
      else ends.push(action)
    }
  }
  return { said, ends }
}

for (const handshake of olderPeer.handshakes) {
  test(`it comes up as the ${handshake.role}, and is told what it was told then`, () => {
    const { said, ends } = replay(handshake)
    assert.equal(ends, [{ tag: 'up', peer: { ...olderPeer.old, flags: [] } }])
    const then = handshake.answered.map(messageOf)
    assert.is(said.length, then.length)
    for (const [at, message] of said.entries()) {
      // Flags are what has been added since; an older peer ignores those it does not know.
      const before = { ...then[at], ...('flags' in message ? { flags: message.flags } : {}) }
      assert.equal(message, before)
    }
  })

  test(`as the ${handshake.role} it is refused with another cookie, as then`, () => {
    const { ends } = replay(handshake, { cookie: 'another' })
    assert.equal(ends, [{ tag: 'fail', reason: 'cookieMismatch' }])
  })
}

type Recorded = { calls: { echo: (value: unknown) => unknown; mute: () => null } }

const server = genServer<Recorded>('fixture.server')({
  init: () => null,
  calls: { echo: (state, value) => reply(value, state), mute: (state) => next(state) },
})

const idle = process('fixture.idle', async (self: Self) => {
  await self.receive()
})

test('a node takes its signals and answers them as it expects', async () => {
  const { old, young, cookie, signals } = olderPeer
  const cluster = new VirtualCluster()
  const node = await cluster.start(young.node, { modules: [idle], cookie })
  const heard: unknown[] = []
  const ear = process('fixture.ear', async (self: Self) => {
    for (;;) heard.push(await self.receive())
  })
  spawn(node, ear, undefined, { name: 'ear' })
  spawn(node, server, undefined, { name: 'server' })
  const peer = await ScriptedPeer.dial(cluster, {
    name: old.node,
    creation: old.creation,
    target: young.node,
    cookie,
  })
  assert.is((await peer.authenticate()).tag, 'ok')
  const [asDialer] = olderPeer.handshakes
  // Its very name bytes; the proof of the cookie depends on the connection.
  peer.openControl()
  peer.rawControl(fromHex(asDialer?.sent[0] ?? ''))
  assert.equal(await peer.hear(), { tag: 'status', status: 'ok' })
  const challenge = await peer.hear()
  if (challenge?.tag !== 'challenge') throw new Error(`expected a challenge, got ${challenge?.tag}`)
  const transcript = {
    dialer: old.node,
    acceptor: young.node,
    serverCertHash: peer.connection.peerCertHash,
    clientCertHash: peer.connection.localCertHash,
  }
  const nonce = fromHex(olderPeer.nonces.old)
  const digest = cookieDigest(cookie, { ...transcript, role: 'dialer', nonce: challenge.nonce })
  peer.say({ tag: 'reply', nonce, digest })
  const expected = cookieDigest(cookie, { ...transcript, role: 'acceptor', nonce })
  assert.equal(await peer.hear(), { tag: 'ack', digest: expected })
  peer.begin(challenge.creation)
  for (const { frame } of signals) peer.raw(fromHex(frame))
  await cluster.until('the last one is there', () => heard.includes('last'))
  assert.equal(heard[0], {
    n: 1,
    text: 'é',
    list: [true, null, 1.5, -1],
    big: 2n ** 70n,
    bytes: new Uint8Array([1, 2]),
    from: heard[0] instanceof Object && 'from' in heard[0] ? heard[0].from : null,
  })
  const down = await peer.next('down')
  assert.equal([down.ref.id, down.reason], [2, 'noproc'])
  const answer = await peer.next('reply')
  assert.equal([answer.ref.id, answer.value], [3, { deep: [[1]] }])
  const spawned = await peer.next('spawned')
  assert.is(spawned.ref.id, 5)
  assert.equal(nodes(node), [old.node])
  await cluster.pass(1_000)
  assert.equal(
    [peer.closed, peer.control.filter((type) => type > controlFrame.ping)],
    [undefined, []],
  )
  await cluster.drive(node.stop())
  assert.is((await peer.end()).code, 0, 'it is not told of what it does not know')
})

test.run()
