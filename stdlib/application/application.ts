/**
 * Applications: parts of a program that are started and stopped as a whole, in the order of their
 * dependencies (OTP `application`). One is a module of its node, whose process is its master, so
 * that it is found by name like everything else a node runs.
 *
 * Differences from OTP: resource file and callback module are one value; only the controller can
 * start the process, so that a peer that spawns modules by name cannot start an application.
 */
import { BadArgument, process, type Self } from '../../runtime/index.ts'
import { Module, processOfSelf } from '../../runtime/kernel.ts'
import { type ApplicationCallbacks, checkDefinition, type Definition } from './definition.ts'
import { type MasterArg, runMaster } from './master.ts'

/** The local name of the application controller. */
export const controllerName = 'skein.applications'

declare const environment: unique symbol

export class Application<Env = unknown> extends Module<unknown, MasterArg> {
  readonly definition: Definition
  /** Dependencies that were given as values: known to every node that knows this one. */
  readonly dependencies: readonly Application[]
  declare readonly [environment]?: Env

  constructor(name: string, definition: Definition, dependencies: readonly Application[]) {
    const master = process(name, (self: Self, arg: MasterArg) => {
      checkStarter(self, name)
      return runMaster(self, definition, arg)
    })
    super(name, master.begin)
    this.definition = definition
    this.dependencies = dependencies
  }
}

function checkStarter(self: Self, name: string): void {
  const { system, parent } = processOfSelf(self)
  if (parent === null || system.names.get(controllerName)?.pid !== parent) {
    throw new BadArgument(`application '${name}': start it with startApplication`)
  }
}

/**
 * Defines an application: `application('shop', { dependsOn: [Db], env: { port: 80 }, start: (self)
 * => startLink(self, Tree) })`. Throws `BadArgument` for a bad field.
 */
export function application<Env = {}, State = undefined>(
  name: string,
  given: ApplicationCallbacks<Env, State> = {},
): Application<Env> {
  const { dependsOn = [], description = '', version = '', env = {}, startPhases = [] } = given
  const { start, prepStop, stop, shutdown = Number.POSITIVE_INFINITY } = given
  const definition = checkDefinition(name, {
    description,
    version,
    dependsOn: dependsOn.map((other) => (typeof other === 'string' ? other : other?.name)),
    env,
    startPhases,
    shutdown,
    ...(start === undefined ? {} : { start }),
    ...(prepStop === undefined ? {} : { prepStop }),
    ...(stop === undefined ? {} : { stop }),
  })
  const values = dependsOn.filter((other) => other instanceof Application)
  return new Application<Env>(name, definition, values)
}
