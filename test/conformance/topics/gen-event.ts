/**
 * An event manager used from another place: handlers travel as names and plain data, events keep
 * the order of their sender, and owner and handler hear of each other's end.
 */
import * as assert from 'uvu/assert'
import { exit, isDown, process, type Ref, type Self } from '../../../runtime/index.ts'
import {
  addHandler,
  addSupervisedHandler,
  call,
  callHandler,
  deleteHandler,
  type EventManager,
  eventHandler,
  genEvent,
  handler,
  isHandlerExit,
  next,
  notify,
  type Previous,
  removeReply,
  reply,
  stop,
  stopServer,
  swapHandler,
  syncNotify,
  whichHandlers,
} from '../../../stdlib/index.ts'
import { reasonOf } from './names.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

type Told = { readonly tag: 'note'; readonly text: string } | { readonly tag: 'fail' }
type Asked = {
  calls: { seen: () => readonly string[]; fail: () => null; leave: () => string }
}

const recorder = (name: string) =>
  eventHandler<Told, Asked>(name)({
    init: (first: readonly string[] | null, _self: Self, previous: Previous | undefined) => {
      if (first === null) return stop({ tag: 'refused', by: name })
      return previous === undefined ? first : [...first, JSON.stringify(previous)]
    },
    event: (seen, told) => {
      if (told.tag === 'fail') throw new Error(`${name} failed`)
      return next([...seen, told.text])
    },
    calls: {
      seen: (seen) => reply(seen, seen),
      fail: () => {
        throw new Error(`${name} failed`)
      },
      leave: (seen) => removeReply('left', seen),
    },
    terminate: (_why, seen) => seen.length,
  })

const First = recorder('topic.first')
const Second = recorder('topic.second')

const manager = genEvent<Told>('topic.manager')({ handlers: [First, Second] })

/** Owns a handler of the manager it is given, until it is told to end. */
const owner = process('topic.eventOwner', async (self, to: Ref<EventManager<Told>>) => {
  await addSupervisedHandler(self, to, handler(First, []))
  await self.receive((message) => message === 'end')
  return exit('over')
})

async function begin(self: Self, place: Place): Promise<Ref<EventManager<Told>>> {
  return place.spawnThere<EventManager<Told>, void>(self, manager, undefined)
}

const note = (text: string): Told => ({ tag: 'note', text })
const idOf = (module: string) => ({ module, id: null })

export const genEvents: Topic = {
  subject: 'gen_event',
  modules: [manager, owner],
  cases: [
    caseOf('EVENT-1', 'events keep the order of their sender', async (self, place) => {
      const ref = await begin(self, place)
      assert.equal(await addHandler(self, ref, handler(First, ['begun'])), { tag: 'ok' })
      notify(self, ref, note('a'))
      await syncNotify(self, ref, note('b'))
      notify(self, ref, note('c'))
      assert.equal(await callHandler(self, ref, First, 'seen'), ['begun', 'a', 'b', 'c'])
    }),
    caseOf('EVENT-4', 'installing, listing, deleting by name', async (self, place) => {
      const ref = await begin(self, place)
      assert.equal(await addHandler(self, ref, handler(First, [])), { tag: 'ok' })
      assert.equal(await addHandler(self, ref, handler(First, ['x'], { id: 'x' })), { tag: 'ok' })
      const twice = await addHandler(self, ref, handler(First, []))
      assert.equal(twice, { tag: 'error', reason: 'alreadyInstalled' })
      const refused = await addHandler(self, ref, handler(Second, null))
      assert.equal(refused, { tag: 'error', reason: { tag: 'refused', by: 'topic.second' } })
      assert.equal(await deleteHandler(self, ref, First, { id: 'x' }), { tag: 'ok', value: 1 })
      assert.equal(await whichHandlers(self, ref), [idOf('topic.first')])
    }),
    caseOf('EVENT-6', 'a failing call fails its caller and its handler', async (self, place) => {
      const ref = await begin(self, place)
      await addHandler(self, ref, handler(First, []))
      await addHandler(self, ref, handler(Second, []))
      const reason = Object(await reasonOf(callHandler(self, ref, First, 'fail')))
      assert.equal([reason.tag, reason.message], ['error', 'topic.first failed'])
      assert.is(await callHandler(self, ref, Second, 'leave'), 'left')
      const gone = { tag: 'noHandler', handler: idOf('topic.second') }
      assert.equal(await reasonOf(callHandler(self, ref, Second, 'seen')), gone)
      assert.equal(await whichHandlers(self, ref), [])
    }),
    caseOf('EVENT-7', 'a swap hands over what was left', async (self, place) => {
      const ref = await begin(self, place)
      await addHandler(self, ref, handler(First, ['one', 'two']))
      const swapped = await swapHandler(self, ref, First, handler(Second, []))
      assert.equal(swapped, { tag: 'ok' })
      const seen = await callHandler(self, ref, Second, 'seen')
      assert.equal(seen, ['{"tag":"ok","value":2}'])
    }),
    caseOf('EVENT-8', 'the owner hears why its handler is gone', async (self, place) => {
      const ref = await begin(self, place)
      const added = await addSupervisedHandler(self, ref, handler(First, []))
      if (added.tag !== 'ok') throw new Error('it is added')
      notify(self, ref, { tag: 'fail' })
      const { handler: id, reason } = await self.receive(isHandlerExit(added.ref))
      assert.equal(id, idOf('topic.first'))
      assert.is(Object(reason).message, 'topic.first failed')
      assert.not('stack' in Object(reason))
    }),
    caseOf('EVENT-8', 'a stopped manager tells its owners, then ends', async (self, place) => {
      const ref = await begin(self, place)
      const added = await addSupervisedHandler(self, ref, handler(First, []))
      if (added.tag !== 'ok') throw new Error('it is added')
      await stopServer(self, ref)
      assert.is((await self.receive(isHandlerExit(added.ref))).reason, 'shutdown')
      assert.is((await self.receive(isDown(added.ref))).reason, 'normal')
    }),
    caseOf('EVENT-8', 'the end of an owner removes its handler', async (self, place) => {
      const ref = await begin(self, place)
      const pid = await place.spawnThere(self, owner, ref)
      while ((await whichHandlers(self, ref)).length === 0) await self.yield()
      const down = self.monitor(pid)
      self.send(pid, 'end')
      assert.is((await self.receive(isDown(down))).reason, 'over')
      while ((await whichHandlers(self, ref)).length > 0) await self.yield()
      assert.equal(await addHandler(self, ref, handler(First, [])), { tag: 'ok' })
    }),
    caseOf('EVENT-10', 'requests that are none change nothing', async (self, place) => {
      const ref = await begin(self, place)
      await addHandler(self, ref, handler(First, []))
      const bad = { tag: 'error', reason: 'badRequest' }
      for (const request of [null, 'x', {}, { spec: { module: 'x', id: 1 }, owner: null }]) {
        assert.equal(await call(self, ref, 'addHandler', untyped(request)), bad)
        assert.equal(await call(self, ref, 'swapHandler', untyped(request)), bad)
        assert.is(await reasonOf(call(self, ref, 'callHandler', untyped(request))), 'badRequest')
      }
      assert.equal(await whichHandlers(self, ref), [idOf('topic.first')])
    }),
  ],
}

/** A request as one that lies about its type sends it. */
function untyped(request: unknown): never {
  return request as never
}
