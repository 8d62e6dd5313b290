/**
 * A tree that crashes and heals: an application with a ledger, a desk that depends on it, and as
 * many sessions as there are visitors. One node, no network; the output is the same at every run.
 *
 *   bank            restForOne
 *   ├─ ledger       the truth: when it crashes the desk starts again too
 *   ├─ desk
 *   └─ sessions     one per visitor; each crashes alone
 */
import {
  application,
  call,
  cast,
  child,
  dynamicSupervisor,
  ensureAllStarted,
  genServer,
  isDown,
  local,
  type Pid,
  reply,
  runningApplications,
  type Self,
  startLink,
  startNode,
  stop,
  stopApplication,
  supervisor,
  template,
  whereis,
} from 'skein'

type Counter = {
  calls: { add: (n: number) => number }
  casts: { crash: (why: string) => void }
}

const counter = (name: string) =>
  genServer<Counter>(name)({
    init: (first: number) => first,
    calls: { add: (total, n) => reply(total + n, total + n) },
    casts: { crash: (total, why) => stop({ tag: 'crash', why }, total) },
  })

const Ledger = counter('ledger')
const Desk = counter('desk')
const Session = counter('session')

const Sessions = dynamicSupervisor('sessions', () => ({
  template: template(Session, { restart: 'transient' }),
  intensity: 5,
  maxChildren: 2,
}))

const Tree = supervisor('bank.tree', (opening: number) => ({
  strategy: 'restForOne',
  intensity: 3,
  children: [
    child(Ledger, opening, { name: 'ledger' }),
    child(Desk, 0, { name: 'desk' }),
    child(Sessions, undefined, { name: 'sessions' }),
  ],
}))

const Bank = application('bank', {
  env: { opening: 100 },
  start: (self, { env }) => startLink(self, Tree, env.opening),
  stop: () => console.log('the bank is closed'),
})

const node = await startNode({
  name: 'demo@localhost',
  modules: [Ledger, Desk, Session, Sessions, Tree],
  drainOnSignals: true,
  quiet: true,
  observe: (event) => {
    if (event.tag !== 'log' || event.level !== 'error') return
    if (event.message.startsWith('supervisor')) console.log(event.message, event.fields.module)
  },
})

/** Crashes a server and waits until it is gone. */
async function crash(self: Self, pid: Pid | undefined): Promise<void> {
  if (pid === undefined) throw new Error('it should run')
  const ref = self.monitor(pid)
  cast<Counter, 'crash'>(self, pid, 'crash', 'as shown')
  await self.receive(isDown(ref))
}

/** Waits until `name` is another process than it was. */
async function healed(self: Self, name: string, before: Pid | undefined): Promise<void> {
  while (whereis(self, name) === undefined || whereis(self, name) === before) await self.yield()
}

await node.run(async (self) => {
  const started = await ensureAllStarted(self, Bank)
  console.log('started', started.tag === 'ok' ? started.started : started.reason)
  const ledger = local(Ledger, 'ledger')
  const desk = local(Desk, 'desk')
  const sessions = local(Sessions, 'sessions')
  console.log(
    'ledger',
    await call(self, ledger, 'add', 20),
    'desk',
    await call(self, desk, 'add', 1),
  )

  const deskBefore = whereis(self, 'desk')
  await crash(self, whereis(self, 'ledger'))
  await healed(self, 'desk', deskBefore)
  console.log(
    'ledger',
    await call(self, ledger, 'add', 0),
    'desk',
    await call(self, desk, 'add', 0),
  )

  const ledgerBefore = whereis(self, 'ledger')
  await healed(self, 'sessions', undefined)
  for (const visitor of [1, 2, 3]) {
    const session = await call(self, sessions, 'startChild', visitor)
    console.log('visitor', visitor, session.tag === 'ok' ? 'has a session' : session.reason)
  }
  const [, first] = await call(self, sessions, 'whichChildren')
  await crash(self, first?.pid ?? undefined)
  const counts = await call(self, sessions, 'countChildren')
  console.log(
    'sessions',
    counts.active,
    'ledger untouched',
    whereis(self, 'ledger') === ledgerBefore,
  )

  await stopApplication(self, Bank)
  console.log('running', (await runningApplications(self)).length)
})
await node.stop()
