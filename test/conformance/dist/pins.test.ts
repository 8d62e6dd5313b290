/**
 * Trust while nodes run (AUT-12, AUT-13, AUT-26, KEY-05 to KEY-10, AMB-01, AMB-15, AMB-16): pins
 * made, found and forgotten, the mode changed, and what strangers cannot make a node remember.
 */

import { generateKeypair } from '../../../src/identity/ed25519.ts'
import {
  BadArgument,
  connectNode,
  disconnectNode,
  fingerprint,
  lookupPin,
  metrics,
  nodes,
  pinKey,
  pins,
  publicKey,
  setTrustMode,
  startRuntime,
  trustMode,
  unpinKey,
} from '../../../src/index.ts'
import type { Node } from '../../../src/node/node.ts'
import { assert, suite } from '../../support/harness.ts'
import { ScriptedPeer } from '../../unit/src/dist/scripted-peer.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'

const test = suite('pins')

async function pair(cluster = new VirtualCluster()) {
  return { cluster, near: await cluster.start(a), far: await cluster.start(b) }
}

/** The counters of a node as `name reason`, with their values. */
function counters(node: Node): Readonly<Record<string, number>> {
  const shown = metrics(node).flatMap((metric) => {
    const { role = '', reason = '' } = metric.labels
    const line = [metric.name.replace('skein.dist.', ''), role, reason].filter(Boolean).join(' ')
    return metric.kind === 'counter' ? [[line, metric.value] as const] : []
  })
  return Object.fromEntries(shown)
}

function trustedFiles(cluster: VirtualCluster, name: string): string[] {
  return [...cluster.disk(name).keys()].filter((path) => path.includes('/trusted/'))
}

test('AUT-12 first contact pins on both sides, one file each, level tofu', async () => {
  const { cluster, near, far } = await pair()
  assert.is(await cluster.drive(connectNode(near, b)), true)
  await cluster.until('both pinned', () => pins(far).length === 1)
  const [atNear] = pins(near)
  assert.equal([atNear?.node, atNear?.level], [b, 'tofu'])
  assert.equal(atNear?.publicKey, publicKey(far))
  assert.is(atNear?.fingerprint, fingerprint(publicKey(far)))
  assert.equal(trustedFiles(cluster, a), [`data/${a}/keys/trusted/${b}.pub`])
  assert.equal(trustedFiles(cluster, b), [`data/${b}/keys/trusted/${a}.pub`])
  assert.is(cluster.logs(a, 'key pinned at first contact').length, 1)
})

test('AUT-13 AUT-26 meeting again: last seen moves; each outcome is counted', async () => {
  const { cluster, near, far } = await pair()
  assert.is(await cluster.drive(connectNode(near, b)), true)
  const firstMs = pins(near)[0]?.lastSeenMs ?? 0
  disconnectNode(near, b)
  await cluster.until('apart', () => nodes(far).length === 0)
  await cluster.pass(60_000)
  assert.is(await cluster.drive(connectNode(near, b)), true)
  assert.ok((pins(near)[0]?.lastSeenMs ?? 0) >= firstMs + 60_000)
  const seen = counters(near)
  assert.is(seen['auth.attempts outgoing firstContact'], 1)
  assert.is(seen['auth.attempts outgoing pinned'], 1)
  assert.is(seen['auth.pins firstContact'], 1)
  assert.is(seen['handshake.attempts outgoing up'], 2)
  const took = metrics(near).find(({ name }) => name === 'skein.dist.auth.duration_ms')
  assert.is(took?.kind === 'histogram' && took.count, 2)
})

test('KEY-07 a strict node lets in whom it is told of while it runs', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a)
  const far = await cluster.start(b, { trustMode: 'strict' })
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.is(counters(far)['auth.attempts incoming untrustedKey'], 1)
  assert.is(counters(near)['auth.attempts outgoing authRejected'], 1)
  assert.equal(trustedFiles(cluster, b), [])
  assert.equal(await cluster.drive(pinKey(far, a, publicKey(near))), { tag: 'ok' })
  assert.is(await cluster.drive(connectNode(near, b)), true)
  assert.is(pins(far)[0]?.level, 'permanent')
})

test('AMB-16 a pin file placed while a strict node runs is found, without a restart', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a)
  const far = await cluster.start(b, { trustMode: 'strict' })
  const path = `data/${b}/keys/trusted/${a}.pub`
  cluster.disk(b).set(path, { bytes: publicKey(near).slice(0, 20), mode: 0o600 })
  assert.is(await cluster.drive(connectNode(near, b)), false, 'half-written')
  assert.is((await cluster.drive(lookupPin(far, a))).tag, 'error')
  assert.is(counters(far)['auth.attempts incoming pinUnreadable'], 1)
  cluster.disk(b).set(path, { bytes: publicKey(near), mode: 0o600 })
  assert.is(await cluster.drive(connectNode(near, b)), true)
})

test('a half-written pin of a known name refuses it under first use too', async () => {
  const { cluster, near, far } = await pair()
  const path = `data/${b}/keys/trusted/${a}.pub`
  cluster.disk(b).set(path, { bytes: new Uint8Array(0), mode: 0o600 })
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.is(await cluster.drive(connectNode(far, a)), false)
  assert.equal(pins(far), [])
})

test('KEY-08 AMB-15 the mode set at run time is the one handshakes use', async () => {
  const { cluster, near, far } = await pair()
  assert.is(trustMode(far), 'tofu')
  setTrustMode(far, 'strict')
  assert.is(trustMode(far), 'strict')
  assert.is(await cluster.drive(connectNode(near, b)), false)
  setTrustMode(far, 'tofu')
  assert.is(await cluster.drive(connectNode(near, b)), true)
})

test('AMB-01 a new key is refused until its pin is forgotten, in both modes', async () => {
  for (const mode of ['tofu', 'strict'] as const) {
    const cluster = new VirtualCluster()
    const { near, far } = await pair(cluster)
    assert.is(await cluster.drive(connectNode(near, b)), true)
    setTrustMode(near, mode)
    await cluster.drive(far.stop())
    cluster.wipe(b)
    const again = await cluster.start(b)
    await cluster.until('the old one is gone', () => nodes(near).length === 0)
    assert.is(await cluster.drive(connectNode(near, b)), false)
    assert.is(counters(near)['auth.attempts outgoing keyMismatch'], 1)
    assert.is(pins(near).length, 1)
    assert.equal(await cluster.drive(unpinKey(near, b)), { tag: 'ok' })
    assert.equal(trustedFiles(cluster, a), [])
    if (mode === 'strict') await cluster.drive(pinKey(near, b, publicKey(again)))
    assert.is(await cluster.drive(connectNode(near, b)), true, mode)
  }
})

test('a pin that is replaced cuts nobody off: that is for disconnectNode', async () => {
  const { cluster, near } = await pair()
  assert.is(await cluster.drive(connectNode(near, b)), true)
  await cluster.drive(pinKey(near, b, new Uint8Array(32).fill(3)))
  await cluster.pass(60_000)
  assert.equal(nodes(near), [b])
  disconnectNode(near, b)
  await cluster.until('apart', () => nodes(near).length === 0)
  assert.is(await cluster.drive(connectNode(near, b)), false)
})

test('ROT-07 a key replaced at run time: channels stay, the next handshake uses it', async () => {
  const { cluster, near, far } = await pair()
  assert.is(await cluster.drive(connectNode(near, b)), true)
  const next = generateKeypair(cluster.world.random)
  const disk = cluster.disk(b)
  disk.set(`data/${b}/keys/node.key`, { bytes: next.privateKey, mode: 0o600 })
  disk.set(`data/${b}/keys/node.pub`, { bytes: next.publicKey, mode: 0o644 })
  await cluster.pass(60_000)
  assert.equal(nodes(near), [b])
  disconnectNode(near, b)
  await cluster.until('apart', () => nodes(far).length === 0)
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.is(counters(near)['auth.attempts outgoing keyMismatch'], 1)
  assert.equal(publicKey(far), next.publicKey)
  await cluster.drive(pinKey(near, b, next.publicKey))
  assert.is(await cluster.drive(connectNode(near, b)), true)
})

test('KEY-10 keys and pins outlive a restart of both nodes', async () => {
  const { cluster, near, far } = await pair()
  assert.is(await cluster.drive(connectNode(near, b)), true)
  const [keyOfA, keyOfB] = [publicKey(near), publicKey(far)]
  await cluster.drive(Promise.all([near.stop(), far.stop()]))
  const strict = { trustMode: 'strict' } as const
  const [nearAgain, farAgain] = [await cluster.start(a, strict), await cluster.start(b, strict)]
  assert.equal([publicKey(nearAgain), publicKey(farAgain)], [keyOfA, keyOfB])
  assert.is(await cluster.drive(connectNode(farAgain, a)), true)
})

test('a stranger without the cookie pins nothing and takes no name', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a)
  const squatter = await cluster.start(b, { cookie: 'another' })
  assert.is(await cluster.drive(connectNode(squatter, a)), false)
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.equal([pins(near), pins(squatter)], [[], []])
  assert.equal([...trustedFiles(cluster, a), ...trustedFiles(cluster, b)], [])
  assert.is(counters(near)['auth.attempts incoming firstContact'], 1, 'its key was proven')
  assert.is(counters(near)['handshake.attempts incoming cookieMismatch'], 1)
  await cluster.drive(squatter.stop())
  cluster.wipe(b)
  await cluster.start(b)
  assert.is(await cluster.drive(connectNode(near, b)), true)
})

test('many strangers with keys but no cookie leave no pin, no file, no series', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a)
  const claim = async (n: number): Promise<void> => {
    const name = `claim${n}@10.9.0.${n}`
    const peer = await ScriptedPeer.dial(cluster, { name, target: a, cookie: 'a guess' })
    assert.is((await peer.authenticate()).tag, 'ok')
    assert.is((await peer.handshake()).tag, 'closed')
  }
  await claim(1)
  const before = metrics(near).length
  for (let n = 2; n <= 60; n++) await claim(n)
  assert.equal([pins(near), trustedFiles(cluster, a)], [[], []])
  assert.is(metrics(near).length, before)
})

test('a disk that cannot keep the pin: the peer is refused, and it is said why', async () => {
  const cluster = new VirtualCluster()
  const options = cluster.optionsOf(a)
  const { platform } = options
  if (platform === undefined) throw new Error('the virtual cluster has a platform')
  const full = { tag: 'error', reason: 'failed', message: 'ENOSPC: no space left' } as const
  const storage = {
    ...platform.storage,
    write: (path: string, bytes: Uint8Array, mode: number) =>
      path.includes('/trusted/')
        ? Promise.resolve(full)
        : platform.storage.write(path, bytes, mode),
  }
  const near = await cluster.start(a, { platform: { ...platform, storage } })
  const far = await cluster.start(b)
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.equal(nodes(near), [])
  await cluster.until('the peer knows', () => nodes(far).length === 0)
  const [said] = cluster.logs(a, 'dist handshake failed')
  assert.is(said?.fields.reason, 'keyNotKept')
  assert.match(String(said?.fields.detail), 'ENOSPC')
  assert.is(counters(near)['auth.pins pinWriteFailed'], 1)
})

test('a disk that never answers holds nobody for ever', async () => {
  const cluster = new VirtualCluster()
  const { platform } = cluster.optionsOf(a)
  if (platform === undefined) throw new Error('the virtual cluster has a platform')
  const storage = {
    ...platform.storage,
    write: (path: string, bytes: Uint8Array, mode: number) =>
      path.includes('/trusted/')
        ? new Promise<never>(() => undefined)
        : platform.storage.write(path, bytes, mode),
  }
  const near = await cluster.start(a, { platform: { ...platform, storage } })
  await cluster.start(b)
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.is(cluster.logs(a, 'dist handshake failed')[0]?.fields.reason, 'timeout')
})

test('bad arguments: by field and value, or as an error value', async () => {
  const { cluster, near } = await pair()
  const reason = async (work: Promise<{ tag: string; reason?: string }>): Promise<unknown> =>
    (await cluster.drive(work)).reason
  assert.is(await reason(pinKey(near, 'nobody', new Uint8Array(32))), 'invalidNodeName')
  assert.is(await reason(pinKey(near, b, new Uint8Array(31))), 'invalidKeySize')
  assert.is(await reason(unpinKey(near, '../x@h')), 'invalidNodeName')
  // @ts-expect-error a caller in plain JavaScript
  assert.throws(() => setTrustMode(near, 'paranoid'), /mode: .*paranoid/)
  assert.equal(pins(near), [])
})

test('a node without a carrier has no keys to speak of', async () => {
  const alone = startRuntime({ name: 'alone@h', quiet: true })
  for (const ask of [publicKey, pins, trustMode]) {
    assert.throws(
      () => ask(alone),
      (error: unknown) => error instanceof BadArgument,
    )
  }
  assert.equal(metrics(alone), [])
  await alone.stop()
})

test('what is handed out is a copy', async () => {
  const { cluster, near, far } = await pair()
  publicKey(near).fill(0)
  assert.is(await cluster.drive(connectNode(near, b)), true)
  await cluster.until('both pinned', () => pins(far).length === 1)
  pins(far)[0]?.publicKey.fill(0)
  const lookup = await cluster.drive(lookupPin(far, a))
  if (lookup.tag === 'pinned') lookup.publicKey.fill(0)
  assert.equal(pins(far)[0]?.publicKey, publicKey(near))
})

test.run()
