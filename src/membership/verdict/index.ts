/** The pure rules of the failure verdict and the member table. */
export { checkDescription } from './description.ts'
export { timerKey, type VerdictAction, type VerdictEvent, type VerdictTimer } from './event.ts'
export { type Entry, livenessOf, type Metadata } from './member.ts'
export { decodeNews, decodeVerdict } from './message.ts'
export { type VerdictOptions, verdictOptions } from './options.ts'
export { memberList, stepVerdict } from './rule.ts'
export { newVerdict, type VerdictState } from './state.ts'
