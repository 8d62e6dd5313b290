/**
 * The end of a process as its own code sees it: a parked body is dropped where it stands, a
 * running one finds its `self` dead, and nothing it does afterwards has an effect.
 */
import {
  Exited,
  isAlive,
  isDown,
  type LocalNode,
  type Pid,
  process,
  type Reference,
  type Self,
  send,
  spawn,
  spawnAt,
  spawnLink,
  spawnMonitor,
  spawnRequest,
  whereis,
} from '../../../runtime/index.ts'
import { peerLost } from '../../../runtime/kernel.ts'
import {
  call,
  cast,
  type From,
  genServer,
  local,
  next,
  reply,
  replyTo,
  sendRequest,
  start,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { turn, until } from '../../support/until.ts'
import { realNode } from './node-fixture.ts'

const test = suite('kill')

/** Lets everything that could still run do so: many turns, with their microtasks. */
async function calm(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn()
}

async function killed(node: LocalNode, pid: Pid): Promise<void> {
  await node.run((self) => self.exit(pid, 'kill'))
  assert.not(isAlive(node, pid))
}

type Echo = { calls: { wait: () => null; get: () => number }; casts: { count: () => void } }

const Server = genServer<Echo>('kill.server')({
  init: () => 0,
  calls: { wait: (state) => next(state), get: (state) => reply(state, state) },
  casts: { count: (state) => next(state + 1) },
})

type Parking = (self: Self, outside: Promise<never>) => unknown

const parkings: Readonly<Record<string, Parking>> = {
  receive: (self) => self.receive(),
  'receive with a timeout': (self) => self.receive(null, { timeoutMs: 20, otherwise: null }),
  'selective receive': (self) => self.receive((message) => message === 'never'),
  wait: (self, outside) => self.wait(outside),
  call: (self) => call(self, local(Server, 'server'), 'wait'),
  'spawn elsewhere': (self) => spawnAt(self, 'b@host', Server),
}

for (const [name, park] of Object.entries(parkings)) {
  test(`parked in ${name}: never resumed, no finally runs`, async () => {
    const { node, system } = realNode()
    await start(node, Server, undefined, { name: 'server' })
    // A peer that is silent until it is lost.
    system.route = { deliver: () => true, holdWhileBusy: () => undefined }
    const log: string[] = []
    let release = (): void => undefined
    const outside = new Promise<never>((_, reject) => {
      release = () => reject(new Error('the outside fails'))
    })
    outside.catch(() => log.length)
    const parked = process('parked', async (self) => {
      log.push('parks')
      try {
        await park(self, outside)
        log.push('resumed')
      } catch {
        log.push('caught')
      } finally {
        log.push('finally')
      }
    })
    const pid = spawn(node, parked)
    await calm()
    await killed(node, pid)
    send(pid, 'late')
    release()
    peerLost(system, 'b@host', () => undefined)
    await until('a timer later than all of its timeouts', timerAfter(node, 60))
    await calm()
    assert.equal(log, ['parks'])
  })
}

/** A condition that a timer of the node itself makes true. */
function timerAfter(node: LocalNode, ms: number): () => boolean {
  let fired = false
  void node.run(async (self) => {
    await self.receive(null, { timeoutMs: ms, otherwise: null })
    fired = true
  })
  return () => fired
}

test('an answer or a failure that comes after the caller was killed resumes nothing', async () => {
  type Late = { calls: { wait: () => null }; casts: { answer: () => void } }
  const Late = genServer<Late>('late')({
    init: () => [] as From<null>[],
    calls: { wait: (state, _arg, _self, from) => next([...state, from]) },
    casts: {
      answer: (state, _arg, self) => {
        for (const from of state) replyTo(self, from, null)
        return next([])
      },
    },
  })
  for (const ending of ['answer', 'death'] as const) {
    const { node } = realNode()
    await start(node, Late, undefined, { name: 'late' })
    const log: string[] = []
    const caller = process('caller', async (self) => {
      try {
        await call(self, local(Late, 'late'), 'wait')
        log.push('resumed')
      } catch {
        log.push('caught')
      } finally {
        log.push('finally')
      }
    })
    const pid = spawn(node, caller)
    await calm()
    await killed(node, pid)
    const server = whereis(node, 'late')
    if (server === undefined) throw new Error('no server')
    if (ending === 'answer') cast(node, local(Late, 'late'), 'answer')
    else await killed(node, server)
    await calm()
    assert.equal(log, [], ending)
  }
})

test('a parked generator is never resumed, no finally runs', async () => {
  const { node } = realNode()
  const log: string[] = []
  const parked = process('parked', function* (self) {
    log.push('parks')
    try {
      yield* self.take(null, { timeoutMs: 20, otherwise: null })
      log.push('resumed')
    } finally {
      log.push('finally')
    }
  })
  const pid = spawn(node, parked)
  await calm()
  await killed(node, pid)
  send(pid, 'late')
  await until('a later timer', timerAfter(node, 60))
  assert.equal(log, ['parks'])
})

test('a process killed before it began never begins', async () => {
  const { node } = realNode()
  let began = false
  const never = process('never', () => {
    began = true
  })
  await node.run(async (self) => {
    const pid = spawn(self, never)
    self.exit(pid, 'kill')
    await self.yield()
  })
  await calm()
  assert.not(began)
})

test('killed while running, every use of self throws Exited and has no effect', async () => {
  const { node, system } = realNode()
  const attempts: Record<string, unknown> = {}
  const heard: unknown[] = []
  const witness = spawn(
    node,
    process('witness', async (self) => {
      for (;;) heard.push(await self.receive())
    }),
  )
  await start(node, Server, undefined, { name: 'server' })
  const never = process('never', () => heard.push('spawned'))
  let self!: Self
  const held: Reference[] = []
  const dying = process('dying', async (own) => {
    self = own
    held.push(own.sendAfter(40, witness, 'its timer'), own.monitor(witness), own.alias())
    await own.receive()
  })
  const pid = spawn(node, dying)
  await calm()
  const [timer, monitor, alias] = held
  if (timer === undefined || monitor === undefined || alias === undefined) throw new Error('none')
  await killed(node, pid)
  const living = system.processes.size
  const uses: Record<string, () => unknown> = {
    send: () => self.send(witness, 'from the dead'),
    exit: () => self.exit(witness, 'kill'),
    link: () => self.link(witness),
    unlink: () => self.unlink(witness),
    monitor: () => self.monitor(witness),
    demonitor: () => self.demonitor(monitor),
    alias: () => self.alias(),
    unalias: () => self.unalias(alias),
    cancelTimer: () => self.cancelTimer(timer),
    register: () => self.register('ghost'),
    unregister: () => self.unregister('server'),
    trapExit: () => self.trapExit(true),
    sendAfter: () => self.sendAfter(0, witness, 'later'),
    onExit: () => self.onExit(() => heard.push('hook')),
    signal: () => self.signal,
    spawn: () => spawn(self, never),
    spawnLink: () => spawnLink(self, never),
    spawnMonitor: () => spawnMonitor(self, never),
    cast: () => cast(self, local(Server, 'server'), 'count'),
    spawnRequest: () => spawnRequest(self, 'a@host', never),
    sendRequest: () => sendRequest(self, local(Server, 'server'), 'get'),
    replyTo: () => replyTo(self, alias as From<null>, null),
  }
  for (const [name, use] of Object.entries(uses)) {
    try {
      attempts[name] = use()
    } catch (error) {
      attempts[name] = error
    }
  }
  await until('a later timer', timerAfter(node, 60))
  for (const [name, outcome] of Object.entries(attempts)) {
    assert.instance(outcome, Exited, `${name} did not throw Exited`)
  }
  assert.equal(heard, ['its timer'], 'and nobody has cancelled that')
  assert.is(system.aliases.size, 0)
  assert.is(whereis(node, 'ghost'), undefined)
  assert.ok(isAlive(node, witness))
  assert.is(system.processes.size, living)
  assert.is(await node.run((other) => call(other, local(Server, 'server'), 'get')), 0)
  assert.is(self.pid, pid, 'who it was can still be asked')
  assert.is(self.node, 'a@host')
})

const waits: Readonly<Record<string, (self: Self) => unknown>> = {
  receive: (self) => self.receive(null, { timeoutMs: 0, otherwise: null }),
  yield: (self) => self.yield(),
  wait: (self) => self.wait(Promise.resolve()),
  call: (self) => call(self, local(Server, 'nobody'), 'get'),
  start: (self) => start(self, Server),
  'spawn elsewhere': (self) => spawnAt(self, 'a@host', Server),
}

for (const [name, wait] of Object.entries(waits)) {
  test(`a body that catches Exited and goes on to ${name} is parked, not spun`, async () => {
    const { node } = realNode()
    let rounds = 0
    const stubborn = process('stubborn', async (self) => {
      await self.receive()
      self.onExit(() => undefined)
      for (;;) {
        try {
          if (rounds === 0) self.exit(self.pid, 'kill')
          await wait(self)
        } catch (error) {
          rounds++
          // The assertion ends a loop that spins, which would hang the test otherwise.
          if (rounds > 10) throw new Error('it spins')
          assert.instance(error, Exited)
        }
      }
    })
    const pid = spawn(node, stubborn)
    await calm()
    send(pid, 'go')
    await until('it is dead', () => !isAlive(node, pid))
    await calm()
    assert.ok(rounds <= 2, `it went round ${rounds} times`)
  })
}

test('a body in a bare await is dead at once, and its next primitive never returns', async () => {
  const { node } = realNode()
  const log: string[] = []
  let release = (): void => undefined
  const outside = new Promise<void>((resolve) => {
    release = resolve
  })
  const bare = process('bare', async (self) => {
    await outside
    log.push('resumed by the host')
    self.send(self.pid, 'x')
    log.push('sent')
  })
  const reason = await node.run(async (self) => {
    const { pid, ref } = spawnMonitor(self, bare)
    await self.yield()
    self.exit(pid, 'kill')
    return (await self.receive(isDown(ref))).reason
  })
  assert.is(reason, 'killed')
  release()
  await calm()
  assert.equal(log, ['resumed by the host'])
})

test('a linked death inside a synchronous segment stops it at its next primitive', async () => {
  const { node } = realNode()
  const log: string[] = []
  const idle = process('idle', (self) => self.receive())
  const parent = process('parent', (self) => {
    const child = spawnLink(self, idle)
    log.push('before')
    self.exit(child, 'boom')
    log.push('after')
  })
  const reason = await node.run(async (self) => {
    const { ref } = spawnMonitor(self, parent)
    return (await self.receive(isDown(ref))).reason
  })
  assert.is(reason, 'boom')
  assert.equal(log, ['before'])
})

test.run()
