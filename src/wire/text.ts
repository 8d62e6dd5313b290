/** Which texts can be sent at all. */
const loneSurrogate = /\p{Surrogate}/u

/** Whether a text has a UTF-8 form, without which it cannot be sent. */
export function isSendable(text: string): boolean {
  return !loneSurrogate.test(text)
}
