/**
 * Endpoint files in real directories: rows DSC-02, DSC-03 and DSC-04 of the cluster spec, and what
 * somebody else may leave in a directory that is shared.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { nodeStorage } from '../../../../runtime/platform/node-storage.ts'
import type { Storage } from '../../../../runtime/platform/platform.ts'
import { decodeEndpoint, encodeEndpoint } from '../../../../src/discovery/endpoint-file.ts'
import { fileBackend } from '../../../../src/discovery/file.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import { at, counting, DiscoveryScene } from './discovery-scene.ts'

const test = suite('discovery by files')

const a = 'a@10.0.0.1'
const b = 'b@10.0.0.2'

function freshDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'skein-discovery-'))
  cleanup(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** What nodes that share `dir` see, and what was logged. */
function sharing(dir: string, storage: Storage = nodeStorage()) {
  const logged: string[] = []
  const log = (level: string, message: string, fields: object = {}): void =>
    void logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
  const backend = fileBackend(dir, storage, log)
  return {
    logged,
    register: async (node: string, port = 5000) =>
      backend.register?.(node, at(node.slice(node.indexOf('@') + 1), port)),
    unregister: async (node: string) => backend.unregister?.(node),
    lookup: async (node: string) => backend.lookup?.(node),
    listNodes: async () => backend.listNodes?.(),
  }
}

test('what one registers the others find, in a directory nobody has made (DSC-02)', async () => {
  const dir = join(freshDirectory(), 'not', 'there', 'yet')
  assert.is(await sharing(dir).lookup(a), undefined)
  assert.equal(await sharing(dir).listNodes(), [])
  await sharing(dir).register(a)
  const other = sharing(dir)
  assert.equal(await other.lookup(a), { host: '10.0.0.1', port: 5000 })
  assert.equal(await other.listNodes(), [a])
  assert.equal(other.logged, [])
  assert.equal(JSON.parse(readFileSync(join(dir, `${a}.endpoint`), 'utf8')), {
    host: '10.0.0.1',
    port: 5000,
  })
})

test('a file is replaced whole: readers see the old or the new one (DSC-03)', async () => {
  const dir = freshDirectory()
  const writer = sharing(dir)
  await writer.register(a, 1)
  const reader = sharing(dir)
  let writing = true
  const seen = new Set<unknown>()
  const reading = (async () => {
    while (writing) seen.add(JSON.stringify(await reader.lookup(a)))
  })()
  for (let port = 2; port <= 50; port++) await writer.register(a, port)
  writing = false
  await reading
  assert.ok(seen.size > 0)
  for (const text of seen) assert.match(String(text), /^\{"host":"10\.0\.0\.1","port":\d+\}$/)
  assert.equal(reader.logged, [])
  assert.equal(readdirSync(dir), [`${a}.endpoint`])
})

test('who stops takes its file away, and only its own (DSC-03)', async () => {
  const dir = freshDirectory()
  const first = sharing(dir)
  await first.register(a)
  await sharing(dir).register(b)
  await first.unregister(a)
  assert.equal(readdirSync(dir), [`${b}.endpoint`])
  await first.unregister(a)

  await first.register(a, 5000)
  const successor = sharing(dir)
  await successor.register(a, 6000)
  await first.unregister(a)
  assert.equal(await successor.lookup(a), { host: '10.0.0.1', port: 6000 })
  await sharing(dir).unregister(a)
  assert.equal(await successor.lookup(a), { host: '10.0.0.1', port: 6000 }, 'never registered it')
})

/** Contents of a file that is no endpoint. */
const malformed: readonly (readonly [string, string | Uint8Array])[] = [
  ['empty', ''],
  ['cut off', '{"host":"10.0.0.2","po'],
  ['no JSON', 'host=10.0.0.2'],
  ['a number', '5000'],
  ['null', 'null'],
  ['a list', '[{"host":"10.0.0.2","port":5000}]'],
  ['no port', '{"host":"10.0.0.2"}'],
  ['a port out of range', '{"host":"10.0.0.2","port":65536}'],
  ['a port as text', '{"host":"10.0.0.2","port":"5000"}'],
  ['a host that is a path', '{"host":"../../x","port":5000}'],
  ['a host with a control character', '{"host":"a\\u0000b","port":5000}'],
  ['an address that is everybody', '{"host":"0.0.0.0","port":5000}'],
  ['members of a prototype', '{"__proto__":{"host":"10.0.0.2","port":5000}}'],
  ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x7b)],
  ['nesting without end', '['.repeat(1000)],
]

for (const [what, content] of malformed) {
  test(`a file that holds ${what} is no endpoint, and the log says so (DSC-03)`, async () => {
    const dir = freshDirectory()
    writeFileSync(join(dir, `${b}.endpoint`), content)
    const { lookup, logged } = sharing(dir)
    assert.is(await lookup(b), undefined)
    assert.is(logged.length, 1)
    assert.match(logged[0] ?? '', /^warning endpoint file skipped .*b@10\.0\.0\.2\.endpoint/)
  })
}

test('after a malformed file the next backend is asked (DSC-03)', async () => {
  const dir = freshDirectory()
  writeFileSync(join(dir, `${b}.endpoint`), '{"host":')
  const storage = nodeStorage()
  const scene = new DiscoveryScene()
  await scene.open(fileBackend(dir, storage, scene.log), counting('next', { [b]: at('10.9.9.9') }))
  assert.equal(await scene.resolve(b), ['10.9.9.9:4433'])
})

test('any bytes at all are an endpoint or none, without an exception', () => {
  const texts = fc.json().map((text) => new TextEncoder().encode(text))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), texts), (bytes) => {
      const found = decodeEndpoint(bytes)
      if (found !== undefined) assert.equal(decodeEndpoint(encodeEndpoint(found)), found)
    }),
  )
})

test('unknown members are no mistake: later versions may write more', async () => {
  const dir = freshDirectory()
  writeFileSync(join(dir, `${b}.endpoint`), '{"host":"h","port":5,"since":1,"tags":["x"]}')
  assert.equal(await sharing(dir).lookup(b), { host: 'h', port: 5 })
})

test('a file that is too large is not read', async () => {
  const dir = freshDirectory()
  const endpoint = '{"host":"10.0.0.2","port":5000}'
  writeFileSync(join(dir, `${b}.endpoint`), endpoint.padEnd(limits.endpointFileMaxBytes + 1))
  const { lookup, logged } = sharing(dir)
  assert.is(await lookup(b), undefined)
  assert.match(logged[0] ?? '', /more than 1024 bytes/)
  writeFileSync(join(dir, `${b}.endpoint`), endpoint.padEnd(limits.endpointFileMaxBytes))
  assert.equal(await lookup(b), { host: '10.0.0.2', port: 5000 })
})

test('links are followed; pipes, devices and directories are not waited for', async () => {
  const dir = freshDirectory()
  const target = join(freshDirectory(), 'target')
  writeFileSync(target, '{"host":"10.0.0.2","port":5000}')
  symlinkSync(target, join(dir, 'link@h.endpoint'))
  symlinkSync('/dev/zero', join(dir, 'zero@h.endpoint'))
  symlinkSync(join(dir, 'loop@h.endpoint'), join(dir, 'loop@h.endpoint'))
  symlinkSync(join(dir, 'nowhere'), join(dir, 'dangling@h.endpoint'))
  execFileSync('mkfifo', [join(dir, 'pipe@h.endpoint')])
  mkdirSync(join(dir, 'dir@h.endpoint'))
  const { lookup, logged } = sharing(dir)
  assert.equal(await lookup('link@h'), { host: '10.0.0.2', port: 5000 })
  for (const name of ['zero@h', 'loop@h', 'pipe@h', 'dir@h']) {
    assert.is(await lookup(name), undefined, name)
    assert.match(logged.at(-1) ?? '', new RegExp(`endpoint file skipped.*${name}`))
  }
  assert.is(await lookup('dangling@h'), undefined)
})

test('a link in place of the own file is replaced, and what it leads to stays', async () => {
  const dir = freshDirectory()
  const precious = join(freshDirectory(), 'precious')
  writeFileSync(precious, 'keep me')
  symlinkSync(precious, join(dir, `${a}.endpoint`))
  await sharing(dir).register(a)
  assert.is(readFileSync(precious, 'utf8'), 'keep me')
  assert.equal(await sharing(dir).lookup(a), { host: '10.0.0.1', port: 5000 })
})

test('files whose names no node can have are not listed (DSC-04)', async () => {
  const dir = freshDirectory()
  for (const name of ['.a@b', 'a@b@c', 'noat', 'ä@b', 'a b@c', '', '@h', 'x@', '-x@h']) {
    writeFileSync(join(dir, `${name}.endpoint`), '{"host":"h","port":1}')
  }
  for (const other of ['README', `${a}.endpoint.0f-1.tmp`, 'c@h', 'd@h.endpoints']) {
    writeFileSync(join(dir, other), '{"host":"h","port":1}')
  }
  writeFileSync(join(dir, `${b}.endpoint`), 'whatever it holds')
  assert.equal(await sharing(dir).listNodes(), [b])
})

test('names that would leave the directory are not listed (DSC-04)', async () => {
  const storage: Storage = {
    ...nodeStorage(),
    list: async () => ({
      tag: 'ok',
      names: ['../x@y.endpoint', '/etc/x@y.endpoint', 'x@y.endpoint'],
    }),
  }
  assert.equal(await sharing('nowhere', storage).listNodes(), ['x@y'])
})

test('a directory with too many files is not listed, and lookups still work', async () => {
  const dir = freshDirectory()
  for (const name of ['a@h', 'b@h', 'c@h']) await sharing(dir).register(name)
  const real = nodeStorage()
  const storage: Storage = { ...real, list: (path) => real.list(path, 2) }
  const shared = sharing(dir, storage)
  const failure = await shared.listNodes().catch((error: unknown) => String(error))
  assert.match(String(failure), /more than 2 entries/)
  assert.equal(await shared.lookup('a@h'), at('h', 5000))
})

test('a directory that cannot be used is a failure that names it', async () => {
  const file = join(freshDirectory(), 'file')
  writeFileSync(file, '')
  for (const dir of [file, join(file, 'below')]) {
    const shared = sharing(dir)
    const failure = await shared.register(a).catch((error: unknown) => String(error))
    assert.match(String(failure), new RegExp(file))
    assert.is(await shared.lookup(a), undefined)
  }
})

test('a directory that may only be read: nothing is registered, the others are found', async () => {
  const dir = freshDirectory()
  await sharing(dir).register(b)
  chmodSync(dir, 0o555)
  const real = nodeStorage()
  const denied = { tag: 'error', reason: 'denied', message: `EACCES: ${dir}` } as const
  // Permissions do not bind root.
  const shared = sharing(dir, { ...real, write: async () => denied })
  const failure = await shared.register(a).catch((error: unknown) => String(error))
  assert.match(String(failure), /EACCES/)
  assert.equal(await shared.lookup(b), at('10.0.0.2', 5000))
  chmodSync(dir, 0o755)
})

test('a name that is too long for a file is a failure like any other', async () => {
  const dir = freshDirectory()
  const long = `${'x'.repeat(250)}@h`
  const shared = sharing(dir)
  assert.is(await shared.lookup(long), undefined)
  const failure = await shared.register(long).catch((error: unknown) => String(error))
  assert.match(String(failure), /ENAMETOOLONG/)
  assert.equal(readdirSync(dir), [])
})

test.run()
