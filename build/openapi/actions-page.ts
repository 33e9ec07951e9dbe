import { volumeActions } from '../../lib/api/actions/table.ts'
import { NEWEST } from '../../lib/api/version.ts'
import { policy } from '../../lib/auth/policy.ts'

const states = (allowed: readonly string[] | undefined) => allowed?.join(', ') ?? 'any'

/** `docs/volume-actions.md`: the table of actions as a page. */
export const actionsPage = (): string => `# Actions on volumes

\`POST /v3/volumes/{id}/action\` with one key that names the action. Made from the table in \`lib/api/actions/table.ts\` by
\`npm run openapi\`; what each takes is in [openapi.json](openapi.json). States are those at 3.0, and behind an arrow at 3.${NEWEST}
where they differ. Of two who ask at once exactly one gets the volume; the other is refused with 400.

| action | from | role | in states | meanwhile | answers | |
|---|---|---|---|---|---|---|
${Object.entries(volumeActions)
  .map(([name, row]) => {
    const [first, last] = [states(row.allowedAt(row.since)), states(row.allowedAt(NEWEST))]
    const allowed = first === last ? first : `${first} → ${last}`
    return `| \`${name}\` | 3.${row.since} | ${policy[row.rule]} | ${allowed} | ${row.working ?? ''} | ${row.status} | ${row.summary} |`
  })
  .join('\n')}
`
