import http from 'node:http'
import https from 'node:https'

/** In place of `follow-redirects`: Node's own requests. None of our clients follows a redirect. */
export default { http, https }
