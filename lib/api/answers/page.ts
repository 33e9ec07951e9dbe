import * as z from 'zod'
import { Link, since } from './fields.ts'

const Links = z.array(Link).optional().describe('Only where the page is full: where the next one is')
const count = since(45, z.int(), 'with with_count=true: how many there are before paging')

/** What stands beside a page of each list. */
export const moreOf = {
  volumes: { volumes_links: Links, count },
  snapshots: { snapshots_links: Links, count },
  types: { volume_type_links: Links, count },
  messages: { messages_links: Links, count },
}
