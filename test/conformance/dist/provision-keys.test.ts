/**
 * The commands of docs/how-to/provision-keys.md, run as written in a directory of their own, and
 * nodes started on what they made (KEY-09). Its program is run with those of all documents.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import {
  connectNode,
  fingerprint,
  type Node,
  type NodeOptions,
  prepareKeys,
  publicKey,
  StartError,
  startNode,
} from '../../../src/index.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'

const test = suite('provisioning keys')

const page = readFileSync(
  new URL('../../../docs/how-to/provision-keys.md', import.meta.url),
  'utf8',
)

/** The shell blocks of the page, in order. */
const [makeKey = '', checkKey = '', addPin = ''] = [...page.matchAll(/```sh\n([^`]*)```/g)].map(
  (match) => match[1] ?? '',
)

const [a, b, c] = ['a@127.0.0.1', 'b@127.0.0.1', 'c@127.0.0.1']

function freshRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'skein-provision-'))
  cleanup(() => rmSync(root, { recursive: true, force: true }))
  return root
}

function sh(commands: string, cwd: string): string {
  return execFileSync('sh', ['-euc', commands], { cwd, encoding: 'utf8' })
}

async function start(name: string, root: string, options: Partial<NodeOptions>): Promise<Node> {
  const node = await startNode({
    name,
    dataDir: join(root, 'data', name),
    carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
    cookie: 'the cookie',
    quiet: true,
    ...options,
  })
  cleanup(() => node.stop())
  return node
}

test('the page has the three commands', () => {
  for (const [block, word] of [
    [makeKey, 'urandom'],
    [checkKey, 'sha256sum'],
    [addPin, 'trusted'],
  ] as const) {
    assert.match(block, word)
  }
})

test('a key made in the shell is the identity the node starts with', async () => {
  const root = freshRoot()
  sh(makeKey, root)
  const path = join(root, 'data', c, 'keys', 'node.key')
  assert.is(statSync(path).mode & 0o777, 0o600)
  const seed = readFileSync(path)
  assert.is(seed.length, 32)
  const node = await start(c, root, {})
  assert.equal(readFileSync(path), seed)
  const pub = readFileSync(join(root, 'data', c, 'keys', 'node.pub'))
  assert.equal(new Uint8Array(pub), publicKey(node))
})

test('KEY-09 sha256sum shows the fingerprint', async () => {
  const root = freshRoot()
  const keys = await prepareKeys(join(root, 'data', a))
  const [shown] = sh(checkKey, root).split(' ')
  assert.is(shown, keys.fingerprint)
  assert.is(fingerprint(keys.publicKey), keys.fingerprint)
  const again = await prepareKeys(join(root, 'data', a))
  assert.equal(again, keys)
})

test('a pin copied to a strict node while it runs lets the node in', async () => {
  const root = freshRoot()
  await prepareKeys(join(root, 'data', a))
  const far = await start(b, root, { trustMode: 'strict' })
  const nodes = { [b]: far.address ?? { host: '', port: 0 } }
  const near = await start(a, root, { nodes })
  assert.is(await connectNode(near, b), false)
  sh(addPin, root)
  assert.is(await connectNode(near, b), true)
})

test('keys that cannot be used fail by name before a node starts', async () => {
  const root = freshRoot()
  await prepareKeys(join(root, 'data', a))
  sh(`chmod 644 data/${a}/keys/node.key`, root)
  const failed = await prepareKeys(join(root, 'data', a)).catch((error: unknown) => error)
  assert.ok(failed instanceof StartError && failed.reason === 'keyExposed')
})

test.run()
