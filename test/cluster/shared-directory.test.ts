/**
 * Three nodes over QUIC, on ports nobody chose, that know nothing of each other but a directory
 * they share.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quicCarrier } from '../../src/carrier/quic/index.ts'
import {
  at,
  call,
  connectNode,
  genServer,
  listNodes,
  type Node,
  nodes,
  reply,
  spawn,
  startNode,
} from '../../src/index.ts'
import { assert, cleanup, suite } from '../support/harness.ts'
import { until } from '../support/until.ts'

const test = suite('nodes that share a directory')

type Echo = { calls: { echo: (value: string) => string } }
const Echo = genServer<Echo>('shared-directory.echo')({
  init: () => null,
  calls: { echo: (state, value, self) => reply(`${value} from ${self.node}`, state) },
})

const names = ['a@127.0.0.1', 'b@127.0.0.1', 'c@127.0.0.1'] as const

async function start(dir: string, name: string): Promise<Node> {
  const node = await startNode({
    name,
    carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
    cookie: 'the cookie of this test',
    dataDir: join(dir, name),
    discovery: { directory: join(dir, 'discovery') },
    modules: [Echo],
    quiet: true,
  })
  cleanup(() => node.stop())
  spawn(node, Echo, undefined, { name: 'echo' })
  return node
}

test('each calls every other, also one that came back on another port', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skein-shared-'))
  cleanup(() => rmSync(dir, { recursive: true, force: true }))
  const started: Node[] = []
  for (const name of names) started.push(await start(dir, name))
  const files = names.map((name) => `${name}.endpoint`)
  assert.equal(readdirSync(join(dir, 'discovery')).sort(), files)

  const echo = (node: Node, name: string): Promise<string> =>
    node.run((self) => call(self, at(name, Echo, 'echo'), 'echo', 'hello'))
  for (const node of started) {
    assert.equal(await listNodes(node), [...names])
    for (const name of names) assert.is(await echo(node, name), `hello from ${name}`)
  }

  const [a, b, c] = names
  const [first, second] = started
  if (first === undefined || second === undefined) throw new Error('unreachable')
  const formerPort = second.address?.port
  await second.stop()
  assert.equal(await listNodes(first), [a, c])
  await until('it is gone', () => !nodes(first).includes(b))
  assert.not(await connectNode(first, b))
  const back = await start(dir, b)
  assert.is.not(back.address?.port, formerPort)
  assert.ok(await connectNode(back, a))
  assert.is(await echo(first, b), `hello from ${b}`)
})

test.run()
