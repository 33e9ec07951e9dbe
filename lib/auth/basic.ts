import { createHmac, randomBytes } from 'node:crypto'
import * as z from 'zod'
import type { Plugin } from './caller.ts'
import { type Listed, listed } from './listed.ts'
import { callerFrom, Entry, UserName } from './names.ts'
import { isPassword, nobodys, PasswordHash } from './password.ts'
import { remembered } from './remembered.ts'
import { basicIn } from './shown.ts'

/** Milliseconds for which a right password is not looked at again, and a wrong one. */
const KEPT_MS = 60_000
const REFUSED_MS = 5_000
const MOST_USERS = 1_000

const User = z.strictObject({ ...Entry.omit({ user: true }).shape, password: PasswordHash })
const Users = z.record(UserName.regex(/^[^:]+$/, 'has a colon in a name'), User, {
  error: 'must be JSON of the form {"<user>": {…}}',
})

/**
 * HTTP basic: users with hashes of their passwords, `{"<user>": {"password", "project", "role"}}`. A look at a password is
 * made expensive on purpose, so its outcome is kept, under something that cannot be turned back into it.
 */
export const basic = (list: Listed): Plugin => {
  const users = listed(list, Users)
  const looked = remembered<boolean>(MOST_USERS)
  const secret = randomBytes(32)

  return {
    challenge: 'Basic realm="cinderless", charset="UTF-8"',

    async authenticate(shown) {
      const named = basicIn(shown)
      if (named === undefined) return undefined
      const { user, password } = named
      const found = new Map(Object.entries(await users())).get(user)
      const hash = found?.password ?? nobodys
      const key = createHmac('sha256', secret).update(hash.key).update(`${user}:${password}`).digest('hex')
      const isRight = await looked(key, async () => {
        const value = await isPassword(password, hash)
        return { value, until: Date.now() + (value ? KEPT_MS : REFUSED_MS) }
      })
      return isRight && found !== undefined ? callerFrom({ ...found, user }, shown, false) : undefined
    },
  }
}
