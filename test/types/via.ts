/** What the compiler refuses about via names, tasks and timers. Checked by `tsc`, never run. */
import { type Ref, type Self, whereisName } from '../../runtime/index.ts'
import {
  applyAfter,
  asyncStream,
  asyncTask,
  asyncTaskAt,
  asyncTaskUnder,
  awaitTask,
  call,
  cast,
  child,
  type DynamicSupervisor,
  genServer,
  local,
  next,
  Registry,
  reply,
  type Supervisor,
  start,
  startTask,
  type TaskResult,
  task,
  taskOf,
  via,
  yieldTask,
} from '../../stdlib/index.ts'

type Cart = { calls: { count: () => number }; casts: { add: (n: number) => void } }
type Door = { calls: { open: () => boolean } }

declare const self: Self
declare const supervisor: Ref<Supervisor>
declare const dynamic: Ref<DynamicSupervisor>
declare const door: Ref<Door>

const Cart = genServer<Cart>('types.cart')({
  init: (count: number) => count,
  calls: { count: (count) => reply(count, count) },
  casts: { add: (count, n) => next(count + n) },
})

const Door = genServer<Door>('types.door')({
  init: () => false,
  calls: { open: () => reply(true, true) },
})

const ada = via(Cart, 'carts', 'ada')
const Length = task('types.length', async (_self, text: string) => text.length)
const Now = task('types.now', () => 'now')
const working = asyncTask(self, Length, 'text')

export const fine = [
  call(self, ada, 'count') satisfies Promise<number>,
  cast(self, via(Cart, 'carts', 7), 'add', 1),
  start(self, Cart, 0, { name: ada }),
  start(self, Cart, 0, { name: local(Cart, 'cart') }),
  start(self, Cart, 0, { name: 'cart' }),
  child(Cart, 0, { name: ada, restart: 'transient' }),
  child(Registry, { keys: 'unique' }, { name: 'carts' }),
  whereisName(self, ada) satisfies Ref<Cart> | undefined,
  awaitTask(self, working) satisfies Promise<number>,
  yieldTask(self, working) satisfies Promise<TaskResult<number> | null>,
  awaitTask(self, asyncTask(self, Now)) satisfies Promise<string>,
  awaitTask(
    self,
    taskOf(self, async () => ({ a: 1 })),
  ) satisfies Promise<{ a: number }>,
  asyncTaskUnder(self, supervisor, Length, 'text', { link: false }),
  asyncTaskUnder(self, dynamic, Now),
  asyncTaskAt(self, 'a@host', Length, 'text'),
  startTask(self, dynamic, Length, 'text'),
  asyncStream(self, ['a', 'b'], Length, { maxConcurrency: 2 }),
  applyAfter(self, 10, Length, 'text'),
]

export const names = [
  // @ts-expect-error: an operation of another protocol
  call(self, ada, 'open'),
  // @ts-expect-error: a call is no cast
  call(self, ada, 'add', 1),
  // @ts-expect-error: a name of another protocol
  start(self, Cart, 0, { name: via(Door, 'doors', 'front') }),
  // @ts-expect-error: a local name of another protocol
  start(self, Cart, 0, { name: local(Door, 'front') }),
  // @ts-expect-error: a name of another protocol
  child(Cart, 0, { name: via(Door, 'doors', 'front') }),
  // @ts-expect-error: nobody starts under a name of another node
  start(self, Cart, 0, { name: { tag: 'at', node: 'a@host', name: 'cart' } }),
  // @ts-expect-error: a name is a string or a number
  via(Cart, 'carts', { user: 'ada' }),
  // @ts-expect-error: the ref of another protocol
  whereisName(self, ada) satisfies Ref<Door> | undefined,
  // @ts-expect-error: a registry has one of two kinds of keys
  child(Registry, { keys: 'many' }),
]

export const tasks = [
  // @ts-expect-error: the argument of another task
  asyncTask(self, Length, 7),
  // @ts-expect-error: an argument is missing
  asyncTask(self, Length),
  // @ts-expect-error: the value of another task
  awaitTask(self, working) satisfies Promise<string>,
  // @ts-expect-error: a pid is not a task
  awaitTask(self, door),
  // @ts-expect-error: a server that starts no children
  asyncTaskUnder(self, door, Now),
  // @ts-expect-error: items of another kind than the task takes
  asyncStream(self, [1, 2], Length),
  // @ts-expect-error: an unknown way to treat a timeout
  asyncStream(self, ['a'], Length, { onTimeout: 'ignore' }),
  // @ts-expect-error: a behaviour is no task
  asyncTask(self, Cart, 0),
  // @ts-expect-error: what is applied takes another argument
  applyAfter(self, 10, Length, 7),
]
