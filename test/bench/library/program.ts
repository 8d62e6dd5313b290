/**
 * A library's side of one round: `program ROW OPERATIONS`. Runs the row's workload once to warm up
 * and once for the measurement, and prints the sample. Loads the one library that the row names.
 */
import type { LibraryWorkload } from './workload.ts'

type Load = () => Promise<LibraryWorkload>

const workloads: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['nact-tell', async () => (await import('./nact.ts')).nactTell],
  ['nact-ask', async () => (await import('./nact.ts')).nactAsk],
  ['comedy-tell', async () => (await import('./comedy.ts')).comedyTell],
  ['comedy-ask', async () => (await import('./comedy.ts')).comedyAsk],
  ['xstate-tell', async () => (await import('./xstate.ts')).xstateTell],
  ['xstate-ask', async () => (await import('./xstate.ts')).xstateAsk],
])

async function main(): Promise<void> {
  const [id = '', operations = ''] = process.argv.slice(2)
  const load = workloads.get(id)
  if (load === undefined) throw new Error(`no workload is named "${id}"`)
  const workload = await load()
  await workload(Number(operations))
  process.stdout.write(`${JSON.stringify(await workload(Number(operations)))}\n`)
}

await main()
