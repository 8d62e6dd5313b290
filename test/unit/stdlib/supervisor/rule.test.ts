/** What a supervisor decides, as tables and against plain lists; no process is involved. */
import fc from 'fast-check'
import { process, type Reason, spawn, startRuntime } from '../../../../runtime/index.ts'
import { child } from '../../../../stdlib/index.ts'
import { type Child, Children } from '../../../../stdlib/supervisor/children.ts'
import { addRestart, noRestarts } from '../../../../stdlib/supervisor/intensity.ts'
import {
  type SupervisorAction,
  type SupervisorState,
  shouldRestart,
  supervise,
} from '../../../../stdlib/supervisor/rule.ts'
import type { ChildSpec, Restart, Strategy } from '../../../../stdlib/supervisor/spec.ts'
import { affected } from '../../../../stdlib/supervisor/strategy.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'

const test = suite('supervisor rule')

const idle = process('idle', (self) => self.receive())

test('restart kinds against reasons (V5)', () => {
  const reasons: Reason[] = ['normal', 'shutdown', { tag: 'shutdown', detail: 1 }, 'boom', 'killed']
  const table: [Restart, boolean[]][] = [
    ['permanent', [true, true, true, true, true]],
    ['transient', [false, false, false, true, true]],
    ['temporary', [false, false, false, false, false]],
  ]
  for (const [kind, expected] of table) {
    assert.equal(
      reasons.map((reason) => shouldRestart(kind, reason)),
      expected,
      kind,
    )
  }
})

test('strategies: who stops, last first, and who starts, first first (V6)', () => {
  const ids = ['a', 'b', 'c', 'd']
  const children = ids.reduce((some, id) => some.add(stopped(specOf(id))), Children.none())
  const who = (strategy: Strategy, id: string) => {
    const { stop, start } = affected(strategy, children, id)
    return [stop.map(({ spec }) => spec.id).join(''), start.map(({ spec }) => spec.id).join('')]
  }
  assert.equal(who('oneForOne', 'b'), ['', 'b'])
  assert.equal(who('oneForAll', 'b'), ['dca', 'abcd'])
  assert.equal(who('restForOne', 'b'), ['dc', 'bcd'])
  assert.equal(who('restForOne', 'd'), ['', 'd'])
  for (const strategy of ['oneForOne', 'oneForAll', 'restForOne'] as const) {
    assert.equal(who(strategy, 'unknown'), ['', ''])
  }
})

test('intensity counts what a list of times would count (V8)', () => {
  const pauses = fc.array(fc.nat(40), { maxLength: 200 })
  fc.assert(
    fc.property(
      pauses,
      fc.nat(5),
      fc.integer({ min: 1, max: 100 }),
      (steps, intensity, periodMs) => {
        let nowMs = 0
        let restarts = noRestarts
        let times: number[] = []
        for (const pause of steps) {
          nowMs += pause
          times = [...times, nowMs].filter((atMs) => nowMs - atMs <= periodMs)
          const result = addRestart(restarts, nowMs, intensity, periodMs)
          restarts = result.restarts
          assert.is(result.exceeded, times.length > intensity)
          assert.is(restarts.length, times.length)
          if (result.exceeded) return
        }
      },
    ),
  )
})

test('no restart is allowed with intensity 0, the edge of the period counts', () => {
  assert.ok(addRestart(noRestarts, 5, 0, 1_000).exceeded)
  const first = addRestart(noRestarts, 0, 1, 100)
  assert.not(first.exceeded)
  assert.ok(addRestart(first.restarts, 100, 1, 100).exceeded)
  assert.not(addRestart(first.restarts, 101, 1, 100).exceeded)
})

type Setting = Pick<ChildSpec, 'id' | 'restart'> & Partial<ChildSpec>

function supervisorOf(
  strategy: Strategy,
  settings: readonly Setting[],
  rest: Partial<SupervisorState> = {},
): SupervisorState {
  const node = startRuntime({ name: 'a@host', quiet: true })
  cleanup(() => node.stop())
  const run = (children: Children, setting: Setting): Children => {
    const spec = { ...specOf(setting.id), ...setting }
    return children.add({ ...stopped(spec), pid: spawn(node, idle) })
  }
  return {
    strategy,
    intensity: 3,
    periodMs: 1_000,
    autoShutdown: 'never',
    keepsEnded: true,
    restarts: noRestarts,
    children: settings.reduce(run, Children.none()),
    ...rest,
  }
}

function stopped(spec: ChildSpec): Child {
  return { spec, pid: null, restarting: false, formerPid: null }
}

function specOf(id: string): ChildSpec {
  return child(idle, undefined, { id })
}

function exited(state: SupervisorState, id: string, reason: Reason) {
  const pid = state.children.byId(id)?.pid
  if (!pid) throw new Error(`${id} does not run`)
  return supervise(state, { tag: 'exited', pid, reason }, { nowMs: 0 })
}

const brief = (actions: readonly SupervisorAction[]): string[] =>
  actions.map((action) => {
    if ('child' in action) return `${action.tag} ${action.child.spec.id}`
    return 'id' in action ? `${action.tag} ${action.id}` : action.tag
  })

const idsOf = ({ children }: SupervisorState): string[] =>
  [...children.onwards()].map(({ spec }) => spec.id)

const trio: readonly Setting[] = [
  { id: 'a', restart: 'permanent' },
  { id: 'b', restart: 'transient' },
  { id: 'c', restart: 'temporary' },
]

test('a child that crashes is reported and started again with its group', () => {
  const [, one] = exited(supervisorOf('oneForOne', trio), 'a', 'boom')
  assert.equal(brief(one), ['report a', 'start a'])
  const [, all] = exited(supervisorOf('oneForAll', trio), 'a', 'boom')
  assert.equal(brief(all), ['report a', 'stop c', 'stop b', 'start a', 'start b'])
  const [, rest] = exited(supervisorOf('restForOne', trio), 'b', 'boom')
  assert.equal(brief(rest), ['report b', 'stop c', 'start b'])
})

test('an orderly end of a transient child is kept in the list and not reported', () => {
  const [state, actions] = exited(supervisorOf('oneForAll', trio), 'b', 'shutdown')
  assert.equal(brief(actions), [])
  const b = state.children.byId('b')
  assert.is(b?.pid, null)
  assert.is(b?.restarting, false)
})

test('a temporary child is forgotten, whatever it ended with', () => {
  for (const reason of ['normal', 'boom']) {
    const [state, actions] = exited(supervisorOf('oneForAll', trio), 'c', reason)
    assert.equal(idsOf(state), ['a', 'b'])
    assert.equal(brief(actions), reason === 'boom' ? ['report c'] : [])
  }
})

test('one restart too many gives up, and nothing is started', () => {
  let state = supervisorOf('oneForOne', trio)
  const pid = state.children.byId('a')?.pid ?? null
  for (let i = 0; i < 3; i++) {
    const [after, actions] = exited(state, 'a', 'boom')
    assert.equal(brief(actions), ['report a', 'start a'])
    ;[state] = supervise(after, { tag: 'started', id: 'a', pid }, { nowMs: 0 })
  }
  assert.equal(brief(exited(state, 'a', 'boom')[1]), ['report a', 'giveUp'])
})

test('a failed attempt is queued, retried once, and counts as another', () => {
  const [down] = exited(supervisorOf('oneForOne', trio), 'a', 'boom')
  const failed = { tag: 'startFailed', id: 'a', reason: 'no luck' } as const
  const [waiting, queued] = supervise(down, failed, { nowMs: 0 })
  assert.equal(brief(queued), ['report a', 'queueRetry a'])
  const [attempt, again] = supervise(waiting, { tag: 'retry', id: 'a' }, { nowMs: 0 })
  assert.equal(brief(again), ['start a'])
  const [ended] = supervise(attempt, { tag: 'stopped', id: 'a' }, { nowMs: 0 })
  const [, late] = supervise(ended, { tag: 'retry', id: 'a' }, { nowMs: 0 })
  assert.equal(brief(late), [], 'a retry of a child that was stopped meanwhile')
})

test('an end of somebody unknown changes nothing', () => {
  const state = supervisorOf('oneForAll', trio)
  const stranger = supervisorOf('oneForAll', trio).children.byId('a')?.pid
  if (!stranger) throw new Error('no stranger')
  const [after, actions] = supervise(
    state,
    { tag: 'exited', pid: stranger, reason: 'boom' },
    { nowMs: 0 },
  )
  assert.is(after, state)
  assert.equal(actions, [])
})

const significants: readonly Setting[] = [
  { id: 'a', restart: 'transient', significant: true },
  { id: 'b', restart: 'temporary', significant: true },
  { id: 'c', restart: 'transient' },
]

test('the end of significant children: any of them, all of them, or none (V16)', () => {
  const after = (autoShutdown: SupervisorState['autoShutdown'], ...ends: [string, Reason][]) => {
    let state = supervisorOf('oneForOne', significants, { autoShutdown })
    let last: readonly string[] = []
    for (const [id, reason] of ends) {
      const [next, actions] = exited(state, id, reason)
      state = next
      last = brief(actions)
    }
    return last
  }
  assert.equal(after('never', ['a', 'normal']), [])
  assert.equal(after('anySignificant', ['a', 'normal']), ['autoShutdown'])
  assert.equal(after('anySignificant', ['b', 'boom']), ['report b', 'autoShutdown'])
  assert.equal(after('anySignificant', ['a', 'boom']), ['report a', 'start a'])
  assert.equal(after('anySignificant', ['c', 'normal']), [])
  assert.equal(after('allSignificant', ['a', 'normal']), [])
  assert.equal(after('allSignificant', ['a', 'normal'], ['b', 'boom']), [
    'report b',
    'autoShutdown',
  ])
})

test('children that are stopped or decline their restart do not count as ended (V16)', () => {
  const state = supervisorOf('oneForOne', significants, { autoShutdown: 'anySignificant' })
  const [stopped, none] = supervise(state, { tag: 'stopped', id: 'a' }, { nowMs: 0 })
  assert.equal(none, [])
  const [, declined] = supervise(stopped, { tag: 'started', id: 'b', pid: null }, { nowMs: 0 })
  assert.equal(declined, [])
})

test('a dynamic child is forgotten when it is not restarted, and known while it is (V15)', () => {
  const state = supervisorOf('oneForOne', trio, { keepsEnded: false })
  const former = state.children.byId('a')?.pid
  if (!former) throw new Error('a runs')
  const [failing] = exited(state, 'a', 'boom')
  const failed = { tag: 'startFailed', id: 'a', reason: 'no luck' } as const
  const [waiting] = supervise(failing, failed, { nowMs: 0 })
  assert.is(waiting.children.byPid(former)?.spec.id, 'a')
  const [same, late] = supervise(waiting, { tag: 'exited', pid: former, reason: 'x' }, { nowMs: 0 })
  assert.equal(late, [], 'a second end of the same process')
  const [declined] = supervise(same, { tag: 'started', id: 'a', pid: null }, { nowMs: 0 })
  const [rest] = exited(declined, 'b', 'normal')
  assert.equal(idsOf(rest), ['c'])
})

test.run()
