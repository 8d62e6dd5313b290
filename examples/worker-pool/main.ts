/**
 * CPU-bound work beside a node: a supervised pool of two threads counts primes while the node goes
 * on answering; a timeout ends an endless task; a full pool says so; a killed pool is back.
 */
import {
  call,
  child,
  genServer,
  local,
  offload,
  offloadPool,
  reply,
  startNode,
  supervisor,
  whereis,
} from 'skein'
import type * as Tasks from './tasks.ts'

const Cpu = offloadPool<typeof Tasks>('cpu', {
  url: new URL('./tasks.ts', import.meta.url),
  threads: 2,
  queueMax: 4,
})

const Clerk = genServer<{ calls: { count: () => number } }>('clerk')({
  init: () => 0,
  calls: { count: (asked) => reply(asked + 1, asked + 1) },
})

const Program = supervisor('program', () => ({
  strategy: 'oneForOne',
  intensity: 3,
  children: [child(Cpu, undefined, { name: 'cpu' }), child(Clerk, undefined, { name: 'clerk' })],
}))

const node = await startNode({
  name: 'pool@localhost',
  modules: [Cpu, Clerk, Program],
  root: child(Program),
  drainOnSignals: true,
})

await node.run(async (self) => {
  const cpu = local(Cpu, 'cpu')
  const clerk = local(Clerk, 'clerk')

  const limits = [1_000, 1_000_000, 10_000_000]
  const counts = Promise.all(limits.map((limit) => offload(self, cpu, 'countPrimes', limit)))
  console.log('while primes are counted the clerk answers:', await call(self, clerk, 'count'))
  for (const [at, result] of (await counts).entries()) {
    if (result.tag === 'ok') console.log(`primes below ${limits[at]}: ${result.value}`)
  }

  const values = new Float64Array([1, 2, 4])
  const moved = await offload(self, cpu, 'normalize', values, { transfer: [values.buffer] })
  if (moved.tag === 'ok') console.log('moved there and back:', [...moved.value].join(' '))
  console.log('left here:', values.length)

  const endless = await offload(self, cpu, 'searchForever', undefined, { timeoutMs: 100 })
  if (endless.tag === 'error') console.log('an endless task:', endless.reason)

  const control = new AbortController()
  const { signal } = control
  const crowd = Array.from({ length: 7 }, () =>
    offload(self, cpu, 'searchForever', undefined, { signal }),
  )
  console.log('pool:', JSON.stringify(await call(self, cpu, 'statistics')))
  const last = await crowd.at(-1)
  if (last?.tag === 'error') console.log('one too many:', JSON.stringify(last.reason))
  control.abort()
  await Promise.all(crowd)
  console.log('called off:', JSON.stringify(await call(self, cpu, 'statistics')))

  const pid = whereis(self, 'cpu')
  if (pid !== undefined) self.exit(pid, 'kill')
  while (whereis(self, 'cpu') === undefined) await self.yield()
  const again = await offload(self, cpu, 'countPrimes', 100)
  if (again.tag === 'ok') console.log('killed, restarted, and counting:', again.value)
})
await node.stop()
