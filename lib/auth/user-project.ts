import type { Plugin, Shown } from './caller.ts'
import { ProjectName, UserName } from './names.ts'
import { basicIn, tokenIn } from './shown.ts'

/** Whom clients mean that name nobody: Cinder's own name for that. */
const SOMEBODY = 'admin'

/**
 * Believes what it is told: `X-Auth-Token: user:project`, and what else clients send that have no Keystone. One of
 * another form (`notused` of auth type `none`, any text of `admin_token`) may be somebody's secret, and is no name; HTTP
 * basic names a user. The project is then the one in the path. Everybody is an admin. Something has to be shown all the same:
 * a web page cannot make a browser send it to another site unasked.
 *
 * @see cinder/api/middleware/auth.py NoAuthMiddleware
 */
export const userProject: Plugin = {
  challenge: 'Token realm="cinderless"',

  async authenticate(shown) {
    const named = nameIn(shown)
    if (named === undefined) return undefined
    const user = named.user || SOMEBODY
    const project = named.project || shown.pathProject || SOMEBODY
    if (!UserName.safeParse(user).success || !ProjectName.safeParse(project).success) return undefined
    const isService = tokenIn(shown, 'x-service-token') !== undefined
    return { user, project, role: 'admin', isService }
  },
}

const nameIn = (shown: Shown): { user?: string; project?: string } | undefined => {
  const token = tokenIn(shown, 'x-auth-token')
  if (token === undefined) return basicIn(shown)
  const colon = token.indexOf(':')
  return colon < 0 ? {} : { user: token.slice(0, colon), project: token.slice(colon + 1) }
}
