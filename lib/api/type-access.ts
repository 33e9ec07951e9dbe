import * as z from 'zod'
import { changeType } from '../volumes/manage-types.ts'
import { conflict, notFound } from '../volumes/refusal.ts'
import { findType } from '../volumes/types.ts'
import { type Route, route } from './route.ts'

const Project = z.strictObject({ project: z.string().min(1).max(255) })
const AccessBody = z.union([
  z.strictObject({ addProjectAccess: Project }),
  z.strictObject({ removeProjectAccess: Project }),
])

/** The calls that say which projects may use a type that is not public. */
export const typeAccessRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: 'types/{id}/os-volume-type-access',
    summary: 'List the projects that may use a type that is not public',
    rule: 'type:manage',
    async run({ storage, caller, path }) {
      const { id, isPublic, projects } = await findType(storage, caller, path.id ?? '')
      if (isPublic) throw notFound('Access list not available for public volume type: volume type', id)
      return { volume_type_access: projects.map((project_id) => ({ volume_type_id: id, project_id })) }
    },
  }),
  route({
    method: 'POST',
    path: 'types/{id}/action',
    summary: 'Let a project use a type that is not public, or not any more',
    rule: 'type:manage',
    status: 202,
    body: AccessBody,
    async run({ storage, caller, path, body }) {
      const { id, isPublic } = await findType(storage, caller, path.id ?? '')
      if (isPublic) throw conflict(`Type access modification is not applicable to public volume type: ${id}`)
      const [add, project] =
        'addProjectAccess' in body
          ? [true, body.addProjectAccess.project]
          : [false, body.removeProjectAccess.project]
      await changeType(storage, id, (now) => {
        const has = now.projects.includes(project)
        if (add && has)
          throw conflict(`Volume type access for ${id} / ${project} combination already exists.`)
        if (!add && !has) throw notFound(`Volume type access for ${id} /`, project)
        const others = now.projects.filter((one) => one !== project)
        return { ...now, projects: add ? [...others, project] : others }
      })
      return undefined
    },
  }),
]
