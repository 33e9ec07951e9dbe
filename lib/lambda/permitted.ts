import * as z from 'zod'
import { type Caller, everyProject, mayAct, type Role, roles } from '../auth/caller.ts'
import { permits, policy, ruleOf } from '../auth/policy.ts'
import { iamRoles } from '../config.ts'
import { DriverError } from '../errors.ts'
import { isHttp } from './event.ts'

/** What API Gateway says of whom it let in: by IAM, or by an authorizer that tells a caller in so many words. */
const Authorizer = z.object({
  iam: z.looseObject({ userArn: z.string() }).nullish(),
  lambda: z.looseObject({ user: z.string(), project: z.string(), role: z.enum(roles) }).nullish(),
})

/**
 * Who calls over HTTP, where that makes a difference to what they may: API Gateway has let them in by then.
 *
 * @returns undefined: invoked directly, or let in by IAM with no roles configured, which has decided all, then.
 * @throws DriverError Forbidden: their role is not enough for this. Unauthenticated: roles are configured, and API Gateway
 *   says nobody's name.
 */
export const permitted = (event: unknown): Caller | undefined => {
  if (!isHttp(event)) return undefined
  const caller = callerIn('authorizer' in event.requestContext ? event.requestContext.authorizer : {})
  const rule = ruleOf(event.routeKey)
  if (caller === undefined || permits(caller, rule)) return caller
  const where = caller.project === everyProject ? '' : ` in project ${caller.project}`
  throw new DriverError(
    'Forbidden',
    `${caller.user} is ${caller.role}${where}, which is not enough for ${rule}`,
    {
      remedy: `It takes the role ${mayAct(caller, policy[rule]) ? 'admin' : policy[rule]}: ask an admin.`,
    },
  )
}

function callerIn(said: unknown): Caller | undefined {
  const parsed = Authorizer.safeParse(said)
  if (parsed.data?.lambda) {
    const { user, project, role } = parsed.data.lambda
    return { user, project, role, isService: false }
  }
  const byPattern = iamRoles()
  if (parsed.success && byPattern === undefined) return undefined
  const user = parsed.data?.iam?.userArn
  if (user === undefined) {
    throw new DriverError('Unauthenticated', 'API Gateway does not say who calls', {
      remedy: 'Give the route the authorizer aws_iam.',
    })
  }
  const role = roleOf(user, byPattern ?? {})
  if (role !== undefined) return { user, project: everyProject, role, isService: false }
  throw new DriverError('Forbidden', `${user} has no role here`, {
    remedy: 'Give it one in IAM_ROLES, by a pattern of its ARN.',
  })
}

const roleOf = (arn: string, byPattern: Readonly<Record<string, Role>>): Role | undefined =>
  Object.entries(byPattern).find(([pattern]) => fits(pattern, arn))?.[1]

const fits = (pattern: string, arn: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => RegExp.escape(part))
      .join('.*')}$`,
    's',
  ).test(arn)
