/** Programs that are asked to end, in OS processes of their own. */
import { nodePlatform } from '../../../../runtime/platform/node.ts'
import { startNode } from '../../../../src/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { type RunningProgram, runningProgram } from './running-program.ts'

const test = suite('drain')

async function started(how: string): Promise<RunningProgram> {
  const program = runningProgram(new URL('./drain-child.ts', import.meta.url), how)
  await program.line(/^ready$/)
  return program
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(
    `${signal} stops the node in order, and the program ends by itself`,
    async () => {
      const program = await started('orderly')
      program.kill(signal)
      assert.is(await program.ending, 0)
      assert.equal(program.lines(), ['ready', 'terminating shutdown', 'drained'])
    },
    { deadlineMs: 60_000 },
  )
}

test(
  'a second signal ends it at once',
  async () => {
    const program = await started('stuck')
    program.kill('SIGTERM')
    await program.line(/^terminating shutdown$/)
    program.kill('SIGINT')
    assert.is(await program.ending, 130)
    assert.equal(program.lines(), ['ready', 'terminating shutdown'])
  },
  { deadlineMs: 60_000 },
)

test(
  'unless it is asked for the host does as it likes',
  async () => {
    const program = await started('plain')
    program.kill('SIGTERM')
    assert.is(await program.ending, 'SIGTERM')
    assert.equal(program.lines(), ['ready'])
  },
  { deadlineMs: 60_000 },
)

test('a stopped node has given the signals back', async () => {
  const before = process.listenerCount('SIGTERM')
  const node = await startNode({ name: 'given@back', quiet: true, drainOnSignals: true })
  assert.is(process.listenerCount('SIGTERM'), before + 1)
  await node.stop()
  assert.is(process.listenerCount('SIGTERM'), before)
})

test('a node that does not drain in time is ended, and the program with it', async () => {
  const platform = nodePlatform()
  let ask: () => void = () => undefined
  const timers: { readonly ms: number; readonly fn: () => void }[] = []
  const codes: number[] = []
  const node = await startNode({
    name: 'overdue@host',
    quiet: true,
    drainOnSignals: true,
    platform: {
      ...platform,
      clock: {
        ...platform.clock,
        after: (ms, fn) => {
          timers.push({ ms, fn })
          return platform.clock.after(ms, fn)
        },
      },
      onEndRequest: (handler) => {
        ask = () => handler('SIGTERM')
        return () => undefined
      },
      endNow: (code) => void codes.push(code),
    },
  })
  ask()
  const overdue = timers.find(({ ms }) => ms === 30_000)
  overdue?.fn()
  assert.equal(codes, [1])
  ask()
  assert.equal(codes, [1, 143])
  await node.stop()
})

test('a drainOnSignals that is no boolean is refused', async () => {
  const options = { name: 'a@host', drainOnSignals: 'yes' } as unknown as { name: string }
  let message = ''
  await startNode(options).catch((error: Error) => {
    message = error.message
  })
  assert.match(message, /drainOnSignals: expected true or false, got "yes"/)
})

test.run()
