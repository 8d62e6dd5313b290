/**
 * gen_event after OTP's own suite: supervised handlers and swaps. Owner and handler hear of each
 * other's end, through monitors where OTP has links; one handler takes another's place between two
 * events.
 */
import {
  exit,
  isDown,
  process,
  type Ref,
  type Reference,
  spawnMonitor,
} from '../../../runtime/index.ts'
import {
  addHandler,
  addSupervisedHandler,
  callHandler,
  deleteHandler,
  type EventManager,
  handler,
  isHandlerExit,
  notify,
  stopServer,
  swapHandler,
  swapSupervisedHandler,
  syncNotify,
  whichHandlers,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import {
  type Log,
  manage,
  note,
  reasonText,
  recorder,
  type Told,
  untyped,
} from './event-handlers.ts'
import { failureOf, inProcess, noMail } from './one-node.ts'

const test = suite('otp: gen_event owners and swaps')

const done = { tag: 'ok' }
const idOf = (module: string) => ({ module, id: null })

function refOf(result: { readonly tag: string }): Reference {
  if (result.tag !== 'ok') throw new Error(`it is added: ${JSON.stringify(result)}`)
  return untyped(Reflect.get(result, 'ref'))
}

/** A process that owns a handler and ends when told to. */
function owner(manager: Ref<EventManager<Told>>, log: Log) {
  return process('owner', async (self) => {
    await addSupervisedHandler(self, manager, handler(log.module, undefined))
    const message = await self.receive((mail) => typeof mail === 'string')
    return exit(String(message))
  })
}

test('add_sup_handler: the handler ends with its owner, and the manager does not', () =>
  inProcess(async (self) => {
    for (const reason of ['normal', 'crashed']) {
      const a = recorder('a')
      const manager = await manage(self, a)
      const { pid, ref } = spawnMonitor(self, owner(manager, a))
      while ((await whichHandlers(self, manager)).length === 0) await self.yield()
      self.send(pid, reason)
      await self.receive(isDown(ref))
      assert.equal(await whichHandlers(self, manager), [])
      assert.is(a.life.at(-1), `terminate a ownerExit ${reason}`)
    }
  }))

test('add_sup_handler: the owner hears why the handler was removed', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    const ways: [string, () => unknown][] = [
      ['normal', () => deleteHandler(self, manager, a.module)],
      ['normal', () => notify(self, manager, { tag: 'remove' })],
      ['normal', () => callHandler(self, manager, a.module, 'removeYourself')],
      [
        '{"tag":"error","name":"Error","message":"a failed"}',
        () => notify(self, manager, { tag: 'fail' }),
      ],
      [
        '{"tag":"badReturnValue","got":"object with keys tag"}',
        () => notify(self, manager, { tag: 'bad' }),
      ],
    ]
    for (const [expected, act] of ways) {
      const ref = refOf(await addSupervisedHandler(self, manager, handler(a.module, undefined)))
      act()
      const message = await self.receive(isHandlerExit(ref))
      assert.equal(message.handler, idOf('a'))
      assert.is(reasonText(message.reason), expected)
      assert.not('stack' in Object(message.reason), 'a stack stays on its node')
      assert.ok(self.demonitor(ref), 'the manager lives')
    }
    assert.ok(noMail(self))
  }))

test('add_sup_handler: the owner hears of the end of the manager, stopped or killed', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const stopped = await manage(self, a)
    const first = refOf(await addSupervisedHandler(self, stopped, handler(a.module, undefined)))
    await stopServer(self, stopped)
    assert.is((await self.receive(isHandlerExit(first))).reason, 'shutdown')
    assert.is((await self.receive(isDown(first))).reason, 'normal')
    const killed = await manage(self, a)
    const second = refOf(await addSupervisedHandler(self, killed, handler(a.module, undefined)))
    self.exit(killed, 'kill')
    assert.is((await self.receive(isDown(second))).reason, 'killed')
    assert.ok(noMail(self), 'an owner that does not trap lives on')
  }))

test('add_sup_handler: what is refused leaves no monitor behind', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    const refused = await addSupervisedHandler(self, manager, handler(a.module, { how: 'refuse' }))
    assert.equal(refused, { tag: 'error', reason: { tag: 'refused', by: 'a' } })
    await stopServer(self, manager)
    const gone = addSupervisedHandler(self, manager, handler(a.module, undefined))
    assert.is(await failureOf(gone), 'noproc')
    assert.ok(noMail(self))
  }))

test('add_sup_handler: several owned by one process go together; links stay what they were', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    const holder = process('holder', async (own) => {
      own.link(manager)
      for (const id of ['x', 'y']) {
        await addSupervisedHandler(own, manager, handler(a.module, undefined, { id }))
      }
      await deleteHandler(own, manager, a.module, { id: 'x' })
      own.send(self.pid, 'ready')
      await own.receive(isDown())
    })
    const { ref } = spawnMonitor(self, holder)
    await self.receive((message) => message === 'ready')
    self.exit(manager, 'kill')
    // OTP unlinks the owner when its handler is deleted: it would not hear of this.
    assert.is((await self.receive(isDown(ref))).reason, 'killed')
  }))

test('swap_handler: the new one gets what the old one left, and its place in the order', () =>
  inProcess(async (self) => {
    const [a, b, c] = [recorder('a'), recorder('b'), recorder('c')]
    const manager = await manage(self, a, b, c)
    await addHandler(self, manager, handler(a.module, { last: { count: 3 } }))
    await addHandler(self, manager, handler(c.module, undefined))
    const swapped = await swapHandler(self, manager, a.module, handler(b.module, undefined), {
      arg: 'why',
    })
    assert.equal(swapped, done)
    assert.is(a.life.at(-1), 'terminate a {"tag":"swap","arg":"why"}')
    assert.equal(b.life, ['init b {"tag":"ok","value":{"count":3}}'])
    assert.equal(await whichHandlers(self, manager), [idOf('b'), idOf('c')])
  }))

test('swap_handler: by itself, and for one of the same module', () =>
  inProcess(async (self) => {
    const [a, b] = [recorder('a'), recorder('b')]
    const manager = await manage(self, a, b)
    await addHandler(self, manager, handler(a.module, undefined))
    await syncNotify(self, manager, { tag: 'swap', to: 'b', arg: 1 })
    assert.is(a.life.at(-1), 'terminate a {"tag":"swap","arg":1}')
    assert.is(await callHandler(self, manager, b.module, 'swapYourself', 'a'), 'swapped')
    assert.is(b.life.at(-1), 'terminate b {"tag":"swap","arg":"from a call"}')
    await syncNotify(self, manager, { tag: 'swap', to: 'a' })
    assert.equal(await whichHandlers(self, manager), [idOf('a')])
    await syncNotify(self, manager, note('fresh'))
    assert.equal(await callHandler(self, manager, a.module, 'log'), ['fresh'])
  }))

test('swap_handler: for one that is not there the new one is added', () =>
  inProcess(async (self) => {
    const [a, b] = [recorder('a'), recorder('b')]
    const manager = await manage(self, a, b)
    assert.equal(await swapHandler(self, manager, a.module, handler(b.module, undefined)), done)
    assert.equal(b.life, ['init b {"tag":"error","reason":"notFound"}'])
    assert.equal(await whichHandlers(self, manager), [idOf('b')])
  }))

test('swap_handler: what cannot take the place leaves everything as it is, unless init fails', () =>
  inProcess(async (self) => {
    const [a, b, c] = [recorder('a'), recorder('b'), recorder('c')]
    const manager = await manage(self, a, b)
    await addHandler(self, manager, handler(a.module, undefined))
    await addHandler(self, manager, handler(b.module, undefined))
    const taken = await swapHandler(self, manager, a.module, handler(b.module, undefined))
    assert.equal(taken, { tag: 'error', reason: 'alreadyInstalled' })
    const unknown = await swapHandler(self, manager, a.module, handler(c.module, undefined))
    assert.equal(unknown, { tag: 'error', reason: { tag: 'unknownHandler', module: 'c' } })
    assert.equal(await whichHandlers(self, manager), [idOf('a'), idOf('b')])
    const again = handler(b.module, { how: 'refuse' }, { id: 'x' })
    const refused = await swapHandler(self, manager, a.module, again)
    assert.equal(refused, { tag: 'error', reason: { tag: 'refused', by: 'b' } })
    assert.equal(await whichHandlers(self, manager), [idOf('b')])
  }))

test('swap_handler: a failing terminate does not hinder the new one', () =>
  inProcess(async (self) => {
    const [a, b] = [recorder('a'), recorder('b')]
    const manager = await manage(self, a, b)
    await addHandler(self, manager, handler(a.module, { last: 'throw' }))
    assert.equal(await swapHandler(self, manager, a.module, handler(b.module, undefined)), done)
    assert.match(b.life[0] ?? '', /^init b \{"tag":"error","reason":\{"tag":"error"/)
  }))

test('swap_handler: an own choice that cannot be installed removes the handler', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    const ref = refOf(await addSupervisedHandler(self, manager, handler(a.module, undefined)))
    await syncNotify(self, manager, { tag: 'swap', to: 'nobody' })
    const { reason } = await self.receive(isHandlerExit(ref))
    assert.equal(reason, { tag: 'unknownHandler', module: 'nobody' })
    assert.equal(await whichHandlers(self, manager), [])
  }))

test('swap_sup_handler: the new owner is told from then on, the former once', () =>
  inProcess(async (self) => {
    const [a, b] = [recorder('a'), recorder('b')]
    const manager = await manage(self, a, b)
    const former = refOf(await addSupervisedHandler(self, manager, handler(a.module, undefined)))
    const to = handler(b.module, undefined)
    const present = refOf(await swapSupervisedHandler(self, manager, a.module, to))
    const told = await self.receive(isHandlerExit(former))
    assert.equal(told.reason, { tag: 'swapped', to: idOf('b'), by: self.pid })
    await deleteHandler(self, manager, b.module)
    const { handler: gone, reason } = await self.receive(isHandlerExit(present))
    assert.equal([gone, reason], [idOf('b'), 'normal'])
    assert.ok(noMail(self))
  }))

test('swap_handler: a supervised handler leaves its owner to the new one', () =>
  inProcess(async (self) => {
    const [a, b] = [recorder('a'), recorder('b')]
    const manager = await manage(self, a, b)
    const { pid, ref } = spawnMonitor(self, owner(manager, a))
    while ((await whichHandlers(self, manager)).length === 0) await self.yield()
    await swapHandler(self, manager, a.module, handler(b.module, undefined))
    self.send(pid, 'over')
    await self.receive(isDown(ref))
    assert.equal(await whichHandlers(self, manager), [])
    assert.is(b.life.at(-1), 'terminate b ownerExit over')
  }))

test('swap_handler: the owner hears when the new one cannot begin', () =>
  inProcess(async (self) => {
    const [a, b] = [recorder('a'), recorder('b')]
    const manager = await manage(self, a, b)
    const ref = refOf(await addSupervisedHandler(self, manager, handler(a.module, undefined)))
    await swapHandler(self, manager, a.module, handler(b.module, { how: 'refuse' }))
    const reasons = [
      (await self.receive(isHandlerExit(ref))).reason,
      (await self.receive(isHandlerExit(ref))).reason,
    ]
    assert.equal(reasons, [
      { tag: 'swapped', to: idOf('b'), by: null },
      { tag: 'refused', by: 'b' },
    ])
  }))

test.run()
