/**
 * The options `applications` and `config` of `startNode`, checked with the other options before
 * anything is started (OTP's boot script and `sys.config`).
 *
 * Difference from OTP: configuration for an application that nobody knows is refused, because it is
 * more often a misspelt name than an application to come. One that is started later is known if it
 * is among `modules`.
 */
import { type AnyModule, BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { Application } from '../../stdlib/application/application.ts'
import { environment } from '../../stdlib/application/definition.ts'
import type { ApplicationRef, Environment } from '../../stdlib/index.ts'

export type ApplicationOptions = {
  /**
   * Started in order with all they depend on, before `root`, and stopped after it. One that ends by
   * itself takes the node with it (`permanent`). Values, or names of some in `modules`.
   */
  readonly applications?: readonly ApplicationRef[]
  /** By name of an application: values that come before its defaults. */
  readonly config?: Readonly<Record<string, Environment>>
}

type Given = ApplicationOptions & { readonly modules?: readonly AnyModule[] }

/** Throws `BadArgument` naming the field and the value. */
export function checkApplications({ applications = [], config = {}, modules = [] }: Given): void {
  if (!Array.isArray(applications)) refuse('applications', 'an array of applications', applications)
  const known = knownBy([...applications, ...modules])
  for (const app of applications) {
    if (!known.has(app instanceof Application ? app.name : app)) {
      refuse('applications', 'applications, or names of some in `modules`', app)
    }
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    refuse('config', 'an object by name of application', config)
  }
  for (const [name, env] of Object.entries(config)) {
    if (!known.has(name)) {
      const names = known.size === 0 ? 'none is known' : `known are ${[...known].join(', ')}`
      throw new BadArgument(`startNode: config: there is no application '${name}'; ${names}`)
    }
    environment(`startNode: config['${name}']`, env)
  }
}

/** The names of the applications among `given`, and of those they depend on as values. */
function knownBy(given: readonly unknown[]): Set<unknown> {
  const left = given.filter((value) => value instanceof Application)
  const known = new Set<unknown>()
  for (let app = left.pop(); app !== undefined; app = left.pop()) {
    if (known.has(app.name)) continue
    known.add(app.name)
    left.push(...app.dependencies)
  }
  return known
}

function refuse(field: string, expected: string, got: unknown): never {
  throw new BadArgument(`startNode: ${field}: expected ${expected}, got ${show(got)}`)
}
