/** What the application controller decides, step by step; no process is involved. */
import { type Pid, process, spawn, startRuntime } from '../../../../runtime/index.ts'
import {
  type ControllerAction,
  type ControllerEvent,
  type ControllerState,
  control,
  stopsNode,
} from '../../../../stdlib/application/rule.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'

const test = suite('application rule')

type State = ControllerState<string>

const empty: State = { config: {}, loaded: new Map() }

const dataOf = (name: string, dependsOn: readonly string[] = []) => ({
  name,
  description: '',
  version: '',
  dependsOn,
  env: { size: 1, colour: 'red' },
})

function pids(count: number): Pid[] {
  const node = startRuntime({ name: 'a@host', quiet: true })
  cleanup(() => node.stop())
  const idle = process('idle', (self) => self.receive())
  return Array.from({ length: count }, () => spawn(node, idle))
}

/** Feeds events one after the other; the state at the end and what each step gave. */
function play(events: readonly ControllerEvent<string>[], first = empty) {
  let state = first
  const steps = events.map((event) => {
    const [next, actions] = control(state, event)
    state = next
    return brief(actions)
  })
  return { state, steps }
}

const brief = (actions: readonly ControllerAction<string>[]): string =>
  actions
    .map((action) => {
      if (action.tag === 'answer') {
        const { to, result } = action
        if (result.tag === 'ok') return `${to} ok`
        const { reason } = result
        return `${to} ${typeof reason === 'string' ? reason : reason.tag}`
      }
      return 'name' in action ? `${action.tag} ${action.name}` : action.tag
    })
    .join(', ')

const load = (name: string, dependsOn: readonly string[] = []) =>
  ({ tag: 'load', data: dataOf(name, dependsOn), from: 'load' }) as const
const start = (name: string, from = 'start') =>
  ({ tag: 'start', name, type: 'permanent', from }) as const
const stop = (name: string, from = 'stop') => ({ tag: 'stop', name, from }) as const

test('K1 a start is answered when the master says so, and every starter is', () => {
  const [master, top] = pids(2)
  if (!master || !top) throw new Error('pids')
  const { steps } = play([
    load('a'),
    start('a', 'x'),
    start('a', 'y'),
    { tag: 'spawned', name: 'a', master },
    stop('a'),
    { tag: 'running', master, top },
    start('a', 'z'),
  ])
  const startingIsNotRunning = 'stop notStarted'
  const running = 'report a, x ok, y ok'
  const expected = [
    'load ok',
    'startMaster a',
    '',
    '',
    startingIsNotRunning,
    running,
    'z alreadyStarted',
  ]
  assert.equal(steps, expected)
})

test('K1 starts that come while it stops are done afterwards, and only one of them', () => {
  const [one, two] = pids(2)
  if (!one || !two) throw new Error('pids')
  const { steps } = play([
    load('a'),
    start('a'),
    { tag: 'spawned', name: 'a', master: one },
    { tag: 'running', master: one, top: null },
    stop('a', 'p'),
    stop('a', 'q'),
    start('a', 'x'),
    start('a', 'y'),
    { tag: 'unload', name: 'a', from: 'u' },
    { tag: 'ended', master: one, reason: 'shutdown' },
    { tag: 'spawned', name: 'a', master: two },
    { tag: 'running', master: two, top: null },
  ])
  assert.equal(steps.slice(4), [
    'stopMaster',
    '',
    '',
    '',
    'u running',
    'report a, p ok, q ok, startMaster a',
    '',
    'report a, x ok, y ok',
  ])
})

test('K1 a dependency that stops meanwhile refuses the start that waited', () => {
  const [a, b] = pids(2)
  if (!a || !b) throw new Error('pids')
  const up = (name: string, master: Pid): ControllerEvent<string>[] => [
    start(name),
    { tag: 'spawned', name, master },
    { tag: 'running', master, top: null },
  ]
  const { steps } = play([
    load('b'),
    load('a', ['b']),
    ...up('b', b),
    ...up('a', a),
    stop('a'),
    start('a', 'x'),
    stop('b'),
    { tag: 'ended', master: b, reason: 'shutdown' },
    { tag: 'ended', master: a, reason: 'shutdown' },
  ])
  assert.is(steps.at(-1), 'report a, stop ok, x notStarted')
})

test('K2 a master that ends before it runs, or cannot be spawned, fails the start', () => {
  const [master] = pids(1)
  if (!master) throw new Error('pids')
  const { steps, state } = play([
    load('a'),
    start('a'),
    { tag: 'spawned', name: 'a', master },
    { tag: 'ended', master, reason: 'boom' },
    { tag: 'ended', master, reason: 'boom' },
    start('a'),
    { tag: 'notSpawned', name: 'a', reason: { tag: 'systemLimit' } },
  ])
  assert.equal(steps.slice(3), [
    'report a, start startFailed',
    '',
    'startMaster a',
    'report a, start startFailed',
  ])
  assert.is(state.loaded.get('a')?.stage.tag, 'loaded')
})

test('K4 which ends stop the node', () => {
  const reasons = ['normal', 'shutdown', { tag: 'shutdown', detail: 1 }, 'boom'] as const
  const table = {
    permanent: [true, true, true, true],
    transient: [false, true, true, true],
    temporary: [false, false, false, false],
  } as const
  for (const type of ['permanent', 'transient', 'temporary'] as const) {
    assert.equal(
      reasons.map((reason) => stopsNode(type, reason)),
      table[type],
      type,
    )
  }
})

test('K4 the end of a running application is reported, then counts', () => {
  const [master] = pids(1)
  if (!master) throw new Error('pids')
  const { steps } = play([
    load('a'),
    start('a'),
    { tag: 'spawned', name: 'a', master },
    { tag: 'running', master, top: null },
    { tag: 'ended', master, reason: 'normal' },
  ])
  assert.is(steps.at(-1), 'report a, stopNode')
})

test('K5 the configuration covers the defaults when the application is loaded', () => {
  const { state } = play([load('a'), load('b')], {
    ...empty,
    config: { a: { size: 2, new: true } },
  })
  assert.equal(state.loaded.get('a')?.env, { size: 2, colour: 'red', new: true })
  assert.equal(state.loaded.get('b')?.env, { size: 1, colour: 'red' })
})

test('K1 the table of applications has a limit', () => {
  const data = dataOf('x')
  const many = Array.from({ length: 4_096 }, (_, at) => `app${at}`)
  const loaded = new Map(
    many.map((name) => [
      name,
      { data: { ...data, name }, env: {}, stage: { tag: 'loaded' } as const },
    ]),
  )
  const { steps } = play([load('x'), load('app1')], { ...empty, loaded })
  assert.equal(steps, ['load systemLimit', 'load alreadyLoaded'])
})

test('events of masters that are unknown change nothing', () => {
  const [master] = pids(1)
  if (!master) throw new Error('pids')
  const { state, steps } = play([
    { tag: 'spawned', name: 'a', master },
    { tag: 'running', master, top: null },
    { tag: 'ended', master, reason: 'boom' },
    { tag: 'notSpawned', name: 'a', reason: 'boom' },
  ])
  assert.equal(steps, ['', '', '', ''])
  assert.is(state, empty)
})

test.run()
