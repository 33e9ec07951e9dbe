import * as z from 'zod'
import { type Caller, everyProject, type Role, roles, type Shown } from './caller.ts'

/** What a project is called: it stands in paths and in keys of records. */
export const ProjectName = z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits and . _ -')
export const UserName = z.string().min(1).max(255)

/** Somebody as a file of tokens or users names them; `*` is who looks after all projects. */
export const Entry = z.strictObject({
  user: UserName,
  project: z.union([ProjectName, z.literal(everyProject)], {
    error: 'must be 1 to 64 letters, digits and . _ -, or *',
  }),
  role: z.enum(roles),
})
export type Entry = z.infer<typeof Entry>

/** Who looks after all projects is in the one that is asked for, where one is. */
export const callerFrom = ({ user, project, role }: Entry, shown: Shown, isService: boolean): Caller => {
  const here = ProjectName.safeParse(shown.pathProject)
  return { user, project: project === everyProject && here.success ? here.data : project, role, isService }
}

const meant: Readonly<Record<string, Role>> = {
  admin: 'admin',
  member: 'member',
  _member_: 'member',
  reader: 'reader',
}

/**
 * The most that roles of other names allow here; undefined: none of them means anything. The names are Keystone's own,
 * with the one that `member` had before; upper case is as good.
 */
export const roleAmong = (names: readonly string[]): Role | undefined => {
  const known = names.flatMap((name) => meant[name.toLowerCase()] ?? [])
  return roles.findLast((role) => known.includes(role))
}
