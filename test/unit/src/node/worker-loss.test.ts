/**
 * Worker threads that end without being asked: the node is down, as any lost node is, and nothing
 * else is. And those that cannot start: the reason is told, and none of the team is left.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  call,
  type DownMessage,
  Exit,
  isDown,
  isExit,
  isNodeDown,
  monitorNodes,
  nodes,
  pins,
  spawnAt,
  startWorkers,
  type TraceEvent,
} from '../../../../src/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'
import { Counter, Fatal, Torn } from './fixtures/worker-program.ts'
import { leader, program } from './worker-team.ts'

const test = suite('worker nodes lost')
const slow = { deadlineMs: 30_000 }
const first = 'worker-1@localhost'
const second = 'worker-2@localhost'

for (const [way, options, told] of [
  ['throw', {}, /nobody catches this/],
  ['exit', {}, /exit code 3/],
  ['heap', { heapMaxMb: 24 }, /memory/],
] as const) {
  test(
    `a thread that ends by ${way} is a node down, and the other one goes on`,
    async () => {
      const events: TraceEvent[] = []
      const node = await leader({ observe: (event) => events.push(event) })
      await startWorkers(node, { count: 2, program, ...options })
      await node.run(async (self) => {
        monitorNodes(self, true)
        self.trapExit(true)
        const counter = await spawnAt(self, first, Counter, 0)
        const linked = await spawnAt(self, first, Counter, 0)
        const survivor = await spawnAt(self, second, Counter, 7)
        const fatal = await spawnAt(self, first, Fatal, way)
        self.monitor(counter)
        self.link(linked)
        const waiting = call(self, counter, 'never').catch((error: unknown) => error)
        self.send(fatal, 'now')
        const down: DownMessage = await self.receive(isDown())
        assert.is(down.reason, 'noconnection')
        const exit = await self.receive(isExit())
        assert.equal([exit.from, exit.reason], [linked, 'noconnection'])
        const lost = await waiting
        assert.ok(lost instanceof Exit)
        assert.equal(lost.reason, { tag: 'nodedown', node: first })
        assert.is(await call(self, survivor, 'add', 1), 8)
      })
      assert.equal(nodes(node), [second])
      await until('its thread is gone', () => pins(node).length === 1)
      const logged = events.flatMap((event) => (event.tag === 'log' ? [event] : []))
      const report = logged.find(({ message }) => /thread of a worker node/.test(message))
      assert.is(report?.fields?.node, first)
      assert.match(String(report?.fields?.detail), told)
    },
    slow,
  )
}

test(
  'a message whose sender dies in the middle of it never arrives, and costs nothing',
  async () => {
    const node = await leader()
    await startWorkers(node, { count: 1, program })
    await node.run(async (self) => {
      monitorNodes(self, true)
      await spawnAt(self, first, Torn, self.pid)
      assert.is(await self.receive(), 'first')
      assert.equal(await self.receive(), {
        tag: 'nodedown',
        node: first,
        reason: 'connectionError',
      })
    })
    await until('its thread is gone', () => pins(node).length === 0)
    await startWorkers(node, { count: 1, program })
    assert.equal(nodes(node), [first])
  },
  slow,
)

test(
  'a node that cannot go on stops by itself, and its thread with it',
  async () => {
    const events: TraceEvent[] = []
    const node = await leader({ observe: (event) => events.push(event) })
    const givingUp = new URL('./fixtures/worker-giving-up.ts', import.meta.url)
    await startWorkers(node, { count: 1, program: givingUp })
    await node.run(async (self) => {
      monitorNodes(self, true)
      let down: unknown = null
      // Its root is started again some times before the node gives up.
      while (down === null) {
        self.send({ tag: 'at', node: first, name: 'short' }, 'enough')
        down = await self.receive(isNodeDown(), { timeoutMs: 5, otherwise: null })
      }
      assert.equal(down, { tag: 'nodedown', node: first, reason: 'connectionClosed' })
    })
    await until('its thread is gone', () => pins(node).length === 0)
    const messages = events.flatMap((event) => (event.tag === 'log' ? [event.message] : []))
    assert.ok(messages.includes('a worker node cannot go on and has stopped'))
  },
  slow,
)

for (const [file, told] of [
  ['absent.ts', /absent/],
  ['worker-without-modules.ts', /export `modules`/],
  ['worker-overreaching.ts', /options: 'name' is not for a program to set/],
] as const) {
  test(
    `a program that cannot be run is told as it is: ${file}`,
    async () => {
      const node = await leader()
      const url = new URL(`./fixtures/${file}`, import.meta.url)
      const failed = await startWorkers(node, { count: 1, program: url }).catch((error) => error)
      assert.is(failed.reason, 'workerFailed')
      assert.match(failed.message, /^worker-1@localhost: /)
      assert.match(failed.message, told)
    },
    slow,
  )
}

test(
  'a team that cannot start leaves none of it behind, and another one can',
  async () => {
    const node = await leader()
    const rootless = new URL('./fixtures/worker-rootless.ts', import.meta.url)
    const failed = await startWorkers(node, { count: 2, program: rootless }).catch((error) => error)
    assert.is(failed.reason, 'workerFailed')
    assert.match(failed.message, /^worker-[12]@localhost: .*not today/)
    assert.equal(nodes(node), [])
    assert.equal(pins(node), [])
    await startWorkers(node, { count: 1, program })
    assert.equal(nodes(node), [first])
  },
  slow,
)

for (const way of ['stop', 'crash'] as const) {
  test(
    `the program ends by itself after ${way}`,
    async () => {
      const file = fileURLToPath(new URL('./fixtures/worker-lifetime.ts', import.meta.url))
      const args = ['--import', 'tsx', file, way]
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 25_000 })
      assert.is(stdout, 'over\n')
    },
    slow,
  )
}

test.run()
