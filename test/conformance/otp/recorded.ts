/** What the application suites share. */
import { process, type Self } from '../../../runtime/index.ts'
import {
  type Application,
  application,
  runningApplications,
  startLink,
} from '../../../stdlib/index.ts'

export const ok = { tag: 'ok' }
export const error = (reason: unknown) => ({ tag: 'error', reason })

export const idle = process('idle', async (self) => {
  await self.receive()
})

/** An application with one process, and a record of what its callbacks were called for. */
export function recorded(
  name: string,
  life: string[],
  dependsOn: readonly (string | Application)[] = [],
): Application {
  return application(name, {
    dependsOn,
    start: (self) => {
      life.push(`start ${name}`)
      return startLink(self, idle)
    },
    prepStop: (state) => {
      life.push(`prepStop ${name}`)
      return state
    },
    stop: () => void life.push(`stop ${name}`),
  })
}

export const namesOf = async (self: Self): Promise<string[]> =>
  (await runningApplications(self)).map(({ name }) => name)

/** Lets a test hand over what the compiler refuses. */
export const untyped = (value: unknown): never => value as never
