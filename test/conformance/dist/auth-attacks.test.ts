/**
 * Attacks on authentication over real sockets (AUT-03, AUT-05, AUT-07 to AUT-09, AUT-17, AUT-19,
 * AUT-25, AUT-27): what an attacker gains that can be dialled, can dial, and knows every public
 * thing. It gains nothing, and honest nodes notice nothing.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemOf } from '../../../runtime/kernel.ts'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { closeCode } from '../../../src/dist/protocol.ts'
import { generateKeypair } from '../../../src/identity/ed25519.ts'
import {
  type Address,
  connectNode,
  metrics,
  type Node,
  type NodeOptions,
  nodes,
  pinKey,
  pins,
  publicKey,
  startNode,
} from '../../../src/index.ts'
import { limits } from '../../../src/limits.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { until } from '../../support/until.ts'
import { Attack, attackEndpoint, freshChallenge, platform, relay } from './auth-attacker.ts'

const test = suite('attacks on authentication')

const [a, b] = ['a@127.0.0.1', 'b@127.0.0.1']
const host = '127.0.0.1'

function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'skein-attack-'))
  cleanup(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

type Started = { readonly node: Node; readonly dir: string; readonly address: Address }

async function start(
  name: string,
  options: Partial<NodeOptions> = {},
  dir = freshDir(),
): Promise<Started> {
  const node = await startNode({
    name,
    dataDir: dir,
    carrier: quicCarrier({ host, port: 0 }),
    cookie: 'the cookie',
    quiet: true,
    ...options,
  })
  cleanup(() => node.stop())
  return { node, dir, address: node.address ?? { host, port: 0 } }
}

function pinFiles({ dir }: Started): string[] {
  return readdirSync(join(dir, 'keys', 'trusted'))
}

/** How often authentication ended with `reason`; undefined: in all. */
function attempts(node: Node, reason?: string): number {
  return metrics(node).reduce((sum, { name, labels, ...metric }) => {
    const meant = reason === undefined || labels.reason === reason
    if (name !== 'skein.dist.auth.attempts' || !meant || metric.kind !== 'counter') return sum
    return sum + metric.value
  }, 0)
}

function refused(node: Node, reason: string): number {
  const found = metrics(node).find(
    ({ name, labels }) => name === 'skein.dist.auth.refused' && labels.reason === reason,
  )
  return found?.kind === 'counter' ? found.value : 0
}

const modes = {
  tofu: {},
  strict: { trustMode: 'strict' },
  'cookie-only': { cookieOnlyNodes: [a, b] },
  'no authentication': { authEnabled: false },
} satisfies Record<string, Partial<NodeOptions>>

for (const [mode, options] of Object.entries(modes)) {
  test(`AUT-05 ${mode}: a man in the middle with two TLS legs connects nobody`, async () => {
    const far = await start(b, options)
    const middle = await relay(far.address)
    const near = await start(a, { ...options, nodes: { [b]: middle.address } })
    if (mode === 'strict') {
      await pinKey(near.node, b, publicKey(far.node))
      await pinKey(far.node, a, publicKey(near.node))
    }
    const before = [pinFiles(near), pinFiles(far)]
    assert.is(await connectNode(near.node, b), false)
    await until('both have judged', () => attempts(near.node) > 0 && attempts(far.node) > 0)
    const { up, down } = middle.copied
    assert.ok(up > 50 && down > 10, `the relay copied ${up} and ${down} bytes`)
    assert.equal([nodes(near.node), nodes(far.node)], [[], []])
    assert.equal([pinFiles(near), pinFiles(far)], before)
    const proofs = mode === 'tofu' || mode === 'strict'
    const seen = [near.node, far.node].map((node) => attempts(node, 'signatureVerificationFailed'))
    if (proofs) assert.ok(seen.includes(1), `refused for the signature: ${seen}`)
    else assert.equal([attempts(near.node, 'exempt'), attempts(far.node, 'exempt')], [1, 1])
  })
}

test('AUT-05 the man in the middle changes nothing for those who dial past him', async () => {
  const far = await start(b)
  const middle = await relay(far.address)
  const near = await start(a, { nodes: { [b]: middle.address } })
  assert.is(await connectNode(near.node, b), false)
  await near.node.stop()
  const direct = await start(a, { nodes: { [b]: far.address } }, near.dir)
  assert.is(await connectNode(direct.node, b), true)
})

test('AUT-08 a response that was good once is good for nothing', async () => {
  const far = await start(b)
  const endpoint = await attackEndpoint()
  const keypair = generateKeypair(platform.random)
  const first = await Attack.dial(endpoint, far.address)
  const challenge = await first.begin(a, keypair.publicKey)
  const response = first.answer(keypair, challenge)
  await first.hear('response')
  first.say(response)
  await first.hear('ok')
  const second = await Attack.dial(endpoint, far.address)
  await second.begin(a, keypair.publicKey)
  await second.hear('response')
  second.say(response)
  assert.is((await second.hear('fail')).reason, 'signatureInvalid')
  assert.is((await second.end()).code, closeCode.authenticationFailed)
  assert.is(attempts(far.node, 'signatureVerificationFailed'), 1)
})

test('AUT-08 a response made for one connection is no good on another', async () => {
  const far = await start(b)
  const keypair = generateKeypair(platform.random)
  // Two sockets with certificates of their own, as an attacker beside an honest node has them.
  const [honest, thief] = [await attackEndpoint(), await attackEndpoint()]
  const theirs = await Attack.dial(honest, far.address)
  const own = await Attack.dial(thief, far.address)
  const challenge = await own.begin(a, keypair.publicKey)
  await theirs.begin(a, keypair.publicKey)
  await own.hear('response')
  own.say(theirs.answer(keypair, challenge))
  assert.is((await own.hear('fail')).reason, 'signatureInvalid')
})

test('AUT-07 a signature made for the attacker opens no door elsewhere', async () => {
  const far = await start(b)
  const dialled: Attack[] = []
  const endpoint = await attackEndpoint((connection) => void dialled.push(new Attack(connection)))
  // The attacker is a node that `a` dials, and `a` signs whatever challenge it is given.
  const evil = 'evil@127.0.0.1'
  const near = await start(a, { nodes: { [evil]: endpoint.address } })
  const towards = await Attack.dial(endpoint, far.address)
  const challenge = await towards.begin(a, publicKey(near.node))
  const connecting = connectNode(near.node, evil)
  await until('it dials', () => dialled.length === 1)
  const [trap] = dialled
  if (trap === undefined) throw new Error('unreachable')
  await trap.hear('hello')
  const { publicKey: evilKey } = generateKeypair(platform.random)
  trap.say({ tag: 'hello', name: evil, publicKey: evilKey })
  await trap.hear('challenge')
  trap.say(challenge)
  const stolen = await trap.hear('response')
  await towards.hear('response')
  towards.say(stolen)
  assert.is((await towards.hear('fail')).reason, 'signatureInvalid')
  trap.connection.close(0, '')
  assert.is(await connecting, false)
  assert.equal([pinFiles(far), pinFiles(near)], [[], []])
})

test('reflection: our challenge, our response, our key, our answer elsewhere', async () => {
  const far = await start(b)
  const endpoint = await attackEndpoint()
  const keypair = generateKeypair(platform.random)

  const mirror = await Attack.dial(endpoint, far.address)
  mirror.say({ tag: 'hello', name: a, publicKey: keypair.publicKey })
  await mirror.hear('hello')
  mirror.say(await mirror.hear('challenge'))
  assert.is((await mirror.hear('fail')).reason, 'nonceReflected')

  const echo = await Attack.dial(endpoint, far.address)
  await echo.begin(a, keypair.publicKey)
  echo.say(await echo.hear('response'))
  assert.is((await echo.hear('fail')).reason, 'signatureInvalid')

  const double = await Attack.dial(endpoint, far.address)
  double.say({ tag: 'hello', name: a, publicKey: publicKey(far.node) })
  assert.is((await double.hear('fail')).reason, 'ownKeyReflected')

  const itself = await Attack.dial(endpoint, far.address)
  itself.say({ tag: 'hello', name: b, publicKey: keypair.publicKey })
  assert.is((await itself.hear('fail')).reason, 'keyMismatch')

  // The victim signs its own challenge when asked on another connection, but in its own role.
  const [asking, answering] = [
    await Attack.dial(endpoint, far.address),
    await Attack.dial(endpoint, far.address),
  ]
  asking.say({ tag: 'hello', name: b, publicKey: publicKey(far.node) })
  await asking.hear('hello')
  const challenge = await asking.hear('challenge')
  answering.say({ tag: 'hello', name: a, publicKey: keypair.publicKey })
  await answering.hear('hello')
  await answering.hear('challenge')
  answering.say(challenge)
  const fetched = await answering.hear('response')
  asking.say(freshChallenge())
  await asking.hear('response')
  asking.say(fetched)
  assert.is((await asking.hear('fail')).reason, 'signatureInvalid')
  assert.equal(pinFiles(far), [])
})

test('AUT-14 AUT-17 two nodes with one name: the second is told why', async () => {
  const far = await start(b)
  const first = await start(a, { nodes: { [b]: far.address } })
  assert.is(await connectNode(first.node, b), true)
  const second = await start(a, { nodes: { [b]: far.address } })
  assert.is(await connectNode(second.node, b), false)
  assert.equal([nodes(far.node), nodes(first.node), nodes(second.node)], [[a], [b], []])
  assert.is(attempts(far.node, 'keyMismatch'), 1)
  assert.is(attempts(second.node, 'authRejected'), 1)
  const pin = readFileSync(join(far.dir, 'keys', 'trusted', `${a}.pub`))
  assert.equal(new Uint8Array(pin), publicKey(first.node))
})

test('two nodes with one name and one key: the one that is connected stays', async () => {
  const far = await start(b)
  const first = await start(a, { nodes: { [b]: far.address } })
  assert.is(await connectNode(first.node, b), true)
  const copied = freshDir()
  await cp(join(first.dir, 'keys'), join(copied, 'keys'), { recursive: true })
  const second = await start(a, { nodes: { [b]: far.address } }, copied)
  assert.equal(publicKey(second.node), publicKey(first.node))
  assert.is(await connectNode(second.node, b), false)
  assert.equal([nodes(far.node), nodes(first.node), nodes(second.node)], [[a], [b], []])
})

test("AUT-27 the key of one node opens that node's name alone", async () => {
  const far = await start(b)
  const [first, other] = [
    await start(a, { nodes: { [b]: far.address } }),
    await start('c@127.0.0.1', { nodes: { [b]: far.address } }),
  ]
  assert.is(await connectNode(first.node, b), true)
  assert.is(await connectNode(other.node, b), true)
  await other.node.stop()
  const stolen = freshDir()
  await cp(join(first.dir, 'keys'), join(stolen, 'keys'), { recursive: true })
  const thief = await start('c@127.0.0.1', { nodes: { [b]: far.address } }, stolen)
  assert.is(await connectNode(thief.node, b), false)
  assert.is(attempts(far.node, 'keyMismatch'), 1)
})

test('CRT-05 a new TLS certificate changes nothing: the key is the node', async () => {
  const far = await start(b, { trustMode: 'strict' })
  const near = await start(a, { nodes: { [b]: far.address } })
  await pinKey(far.node, a, publicKey(near.node))
  assert.is(await connectNode(near.node, b), true)
  await near.node.stop()
  const certificate = readFileSync(join(near.dir, 'quic', 'node.crt'))
  rmSync(join(near.dir, 'quic'), { recursive: true })
  const again = await start(a, { nodes: { [b]: far.address } }, near.dir)
  assert.not.equal(readFileSync(join(near.dir, 'quic', 'node.crt')), certificate)
  assert.is(await connectNode(again.node, b), true)
})

test('AUT-09 slow-dribble handshakes are cut at the deadline and hold up nobody', async () => {
  const far = await start(b, { authTimeoutMs: 600 })
  const near = await start(a, { nodes: { [b]: far.address } })
  const endpoint = await attackEndpoint()
  const slow = await Promise.all(
    Array.from({ length: 20 }, () => Attack.dial(endpoint, far.address)),
  )
  const dribble = setInterval(() => {
    for (const attack of slow) attack.raw(Uint8Array.of(0))
  }, 20)
  cleanup(() => clearInterval(dribble))
  // A message of 256 bytes is announced.
  for (const attack of slow) attack.raw(Uint8Array.of(1, 0))
  assert.is(await connectNode(near.node, b), true)
  const ends = await Promise.all(slow.map((attack) => attack.end()))
  for (const { by, code, reason } of ends) {
    assert.equal([by, code, reason], ['peer', closeCode.authenticationFailed, 'authStreamTimeout'])
  }
  assert.is(attempts(far.node, 'authStreamTimeout'), 20)
  assert.equal(nodes(far.node), [a])
})

test('AUT-03 AUT-25 versions, garbage and floods on the authentication stream end it', async () => {
  const far = await start(b)
  const endpoint = await attackEndpoint()
  const keypair = generateKeypair(platform.random)
  const older = await Attack.dial(endpoint, far.address)
  older.raw(Uint8Array.of(0, 2, 1, 1))
  assert.is((await older.hear('fail')).reason, 'unsupportedVersion')
  const garbage = [
    Uint8Array.of(0, 1, 99),
    Uint8Array.of(0xff, 0xff),
    new Uint8Array(100_000).fill(0x41),
    // A length beyond what a message may have, then anything.
    new Uint8Array([0xff, 0x00, ...platform.random.bytes(500)]),
  ]
  for (const bytes of garbage) {
    const attack = await Attack.dial(endpoint, far.address)
    attack.raw(bytes)
    assert.is((await attack.end()).code, closeCode.authenticationFailed)
  }
  for (const name of ['nohost', '../../etc/passwd@h', '.a@h', 'a@b@c', `${'x'.repeat(254)}@h`]) {
    const attack = await Attack.dial(endpoint, far.address)
    attack.say({ tag: 'hello', name, publicKey: keypair.publicKey })
    assert.is((await attack.end()).reason, 'invalidNodeName')
  }
  assert.equal([pinFiles(far), nodes(far.node)], [[], []])
})

test('AUT-19 bogus responses from one address: bounded work, no growth, others enter', async () => {
  const far = await start(b)
  const system = systemOf(far.node)
  // Another address of this machine, so that honest nodes have one of their own.
  const endpoint = await attackEndpoint(undefined, '127.0.0.2')
  let unanswered = 0
  const bogus = async (n: number): Promise<void> => {
    const attack = await Attack.tryToDial(endpoint, far.address, 400)
    if (attack === undefined) {
      unanswered++
      return
    }
    attack.say({ tag: 'hello', name: `bogus${n}@h`, publicKey: platform.random.bytes(32) })
    attack.say(freshChallenge())
    attack.say({ tag: 'response', signature: platform.random.bytes(64) })
    await attack.end()
  }
  await bogus(0)
  const before = metrics(far.node).length
  let next = 1
  const attackers = 32
  const worker = async (): Promise<void> => {
    while (unanswered < 2 * attackers) await bogus(next++)
  }
  const attacking = Promise.all(Array.from({ length: attackers }, worker))
  await until('the address is refused', () => refused(far.node, 'address') > 0)
  const near = await start(a, { nodes: { [b]: far.address } })
  assert.is(await connectNode(near.node, b), true)
  await attacking
  const judged = attempts(far.node) - 1
  assert.ok(judged >= limits.authAttemptsPerAddressMax, `${judged} of ${next} were judged`)
  assert.equal(pinFiles(far), [`${a}.pub`])
  assert.equal([...system.peers.keys()], [])
  assert.ok(metrics(far.node).length <= before + 5, 'names claimed are no labels')
  assert.is(pins(far.node).length, 1)
})

test.run()
