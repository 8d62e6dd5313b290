/**
 * A failed call nobody looks at ends the process that made it, and raises nothing in the host;
 * rejections that are not a node's keep Node's own treatment, however many nodes run.
 */
import { spawn as spawnChild } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  Exit,
  exit,
  isAlive,
  isDown,
  process as program,
  type Reason,
  type Self,
  spawn,
  spawnMonitor,
  startRuntime,
} from '../../../runtime/index.ts'
import { call, callWithin, genServer, local, next, start } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { turn, until } from '../../support/until.ts'
import { realNode } from './node-fixture.ts'

const test = suite('unobserved calls')

type Mute = { calls: { get: () => null } }
const Mute = genServer<Mute>('mute')({ init: () => null, calls: { get: (state) => next(state) } })
const absent = local(Mute, 'absent')

async function endOf(body: (self: Self) => unknown): Promise<Reason> {
  const { node } = realNode()
  await start(node, Mute, undefined, { name: 'mute' })
  return node.run(async (self) => {
    const { ref } = spawnMonitor(self, program('caller', body))
    return (await self.receive(isDown(ref))).reason
  })
}

test('an unobserved call to nobody ends the caller with noproc', async () => {
  const reason = await endOf((self) => {
    void call(self, absent, 'get')
    return self.receive()
  })
  assert.is(reason, 'noproc')
})

test('an unobserved call that times out ends the caller with timeout', async () => {
  const reason = await endOf((self) => {
    void callWithin(self, 5, local(Mute, 'mute'), 'get')
    return self.receive()
  })
  assert.is(reason, 'timeout')
})

test('code of an ended process that nobody awaits raises nothing in the host', async () => {
  let came = 0
  const reason = await endOf(async (self) => {
    const helper = async (): Promise<void> => {
      await turn()
      came++
      self.send(self.pid, 'too late')
    }
    void helper()
    return exit('done')
  })
  assert.is(reason, 'done')
  await until('the helper came to its send', () => came === 1)
  await turn()
})

test('a failed call whose promise was passed on, unobserved too, ends its caller', async () => {
  const reason = await endOf((self) => {
    void call(self, absent, 'get').then(() => 'never')
    return self.receive()
  })
  assert.is(reason, 'noproc')
})

test('an observed failure harms nobody', async () => {
  const reason = await endOf(async (self) => {
    const failed = call(self, absent, 'get')
    const error = await failed.catch((thrown: unknown) => thrown)
    assert.instance(error, Exit)
    for (let i = 0; i < 5; i++) await self.yield()
    self.exit(self.pid, 'went on')
  })
  assert.is(reason, 'went on')
})

test('a caller that ended before its call failed hears nothing', async () => {
  const { node } = realNode()
  await start(node, Mute, undefined, { name: 'mute' })
  const pid = spawn(
    node,
    program('brief', (self) => {
      void callWithin(self, 1, local(Mute, 'mute'), 'get')
      void call(self, absent, 'get')
    }),
  )
  await until('it is gone', () => !isAlive(node, pid))
  for (let i = 0; i < 10; i++) await turn()
  assert.not(isAlive(node, pid))
})

test('each of two nodes blames its own process', async () => {
  const ends: string[] = []
  const nodes = ['a@host', 'b@host'].map((name) => startRuntime({ name, quiet: true }))
  for (const node of nodes) {
    node.observe((event) => {
      if (event.tag === 'exit') ends.push(`${node.name} ${event.module} ${String(event.reason)}`)
    })
    spawn(
      node,
      program('careless', (self) => {
        void call(self, absent, 'get')
        return self.receive()
      }),
    )
    spawn(
      node,
      program('careful', (self) => self.receive()),
    )
  }
  await until('both have ended', () => ends.length === 2)
  assert.equal(ends.sort(), ['a@host careless noproc', 'b@host careless noproc'])
  for (const node of nodes) await node.stop()
})

test('any number of nodes has one listener, and none when they have stopped', async () => {
  const before = process.listenerCount('unhandledRejection')
  const nodes = Array.from({ length: 20 }, () => startRuntime({ name: 'a@host', quiet: true }))
  assert.is(process.listenerCount('unhandledRejection'), before + 1)
  for (const node of nodes) await node.stop()
  await until('the listener is gone', () => process.listenerCount('unhandledRejection') === before)
  assert.is(process.listenerCount('unhandledRejection'), before)
})

const root = fileURLToPath(new URL('../../..', import.meta.url))
const fixture = fileURLToPath(new URL('fixtures/rejections.ts', import.meta.url))

type Ending = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A program of two nodes, each with a careless caller, and a rejection of the given kind. */
function runKind(kind: string): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawnChild(process.execPath, ['--import', 'tsx', fixture], {
      cwd: root,
      env: { ...process.env, REJECTION: kind },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk)
    })
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk)
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

const slow = { deadlineMs: 30_000 }

test(
  'careless callers alone leave the host unharmed',
  async () => {
    const { code, stdout, stderr } = await runKind('none')
    assert.is(code, 0, stderr)
    assert.is(stdout, 'a@host:noproc b@host:noproc survived')
  },
  slow,
)

test(
  'a foreign rejection ends the program as it would without us',
  async () => {
    for (const kind of ['foreign', 'stopped']) {
      const { code, stdout, stderr } = await runKind(kind)
      assert.is(code, 1, `${kind}: ${stdout} ${stderr}`)
      assert.match(stderr, 'a foreign rejection')
      assert.not.match(stdout, 'survived')
    }
  },
  slow,
)

test(
  'a listener of the host sees foreign rejections and keeps the program alive',
  async () => {
    const { code, stdout, stderr } = await runKind('listened')
    assert.is(code, 0, stderr)
    assert.match(stdout, 'host ')
    assert.match(stdout, 'survived')
  },
  slow,
)

test(
  'a failed call of host code is the host’s own',
  async () => {
    const { code, stderr } = await runKind('host call')
    assert.is(code, 1)
    assert.match(stderr, "call 'get' failed: noproc")
  },
  slow,
)

test.run()
