// A user's life with openapi-fetch, by the types that openapi-typescript makes.

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/openapi_typescript";

const EMAIL = "fetch@example.com";
const PASSWORD = "violet kettle hums softly";

function ensure(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

type Refusal = components["schemas"]["ErrorEnvelope"] | components["schemas"]["Problem"];

function codeOf(refusal: Refusal | undefined): string | undefined {
  if (!refusal) return undefined;
  return "error" in refusal ? refusal.error.code : refusal.code; // the latter only if asked for
}

async function main(baseUrl: string): Promise<void> {
  const client = createClient<paths>({ baseUrl });
  const made = await client.POST("/api/v1/users", { body: { email: EMAIL, password: PASSWORD } });
  ensure(made.data, "signed up");
  const status: "unverified" = made.data.data.status;
  ensure(status === "unverified", "not verified yet");
  const again = await client.POST("/api/v1/email-verifications", { body: { email: EMAIL } });
  ensure(again.data && again.data.data === null, "asked for the mail again");
  const mailbox = await client.GET("/dev/mailbox", { headers: { Accept: "application/json" } });
  ensure(mailbox.data && typeof mailbox.data !== "string", "the mailbox as JSON, not as a page");
  const token = mailbox.data.data.find((mail) => mail.to === EMAIL)?.token;
  ensure(token, "a mail with a secret");
  const verified = await client.POST("/api/v1/email-verifications/confirm", { body: { token } });
  ensure(verified.data && !verified.data.data.password_reset_required, "verified");

  // No transport: it has a default, and may be left out.
  const body: components["schemas"]["SignInRequest"] = { email: EMAIL, password: PASSWORD };
  const grant = await client.POST("/api/v1/sessions", { body });
  ensure(grant.data, "signed in");
  const { access_token, refresh_token } = grant.data.data;
  ensure(access_token && refresh_token, "both tokens");

  const headers = { Authorization: `Bearer ${access_token}` };
  const shown = await client.GET("/api/v1/users/me", { headers });
  const etag = shown.response.headers.get("etag");
  ensure(shown.data && etag, "the caller, with an ETag");
  const params = { header: { "If-Match": etag } };
  const name = { display_name: "Ada" };
  const changed = await client.PATCH("/api/v1/users/me", { headers, params, body: name });
  ensure(changed.data?.data.display_name === "Ada", "the name was changed");
  const late = await client.PATCH("/api/v1/users/me", { headers, params, body: name });
  ensure(codeOf(late.error) === "PRECONDITION_FAILED", "a stale ETag is refused");

  const fresh = await client.POST("/api/v1/sessions/refresh", { body: { refresh_token } });
  ensure(fresh.data?.data.refresh_outcome === "rotated", "refreshed");
  const renewed = { Authorization: `Bearer ${fresh.data.data.access_token}` };
  const query = { limit: 10, count: true };
  const sessions = await client.GET("/api/v1/users/me/sessions", {
    headers: renewed,
    params: { query },
  });
  ensure(sessions.data?.meta.count === 1 && sessions.data.data[0]?.current, "one session");
  ensure(sessions.data.meta.next_cursor === null, "one page");
  const out = await client.DELETE("/api/v1/sessions/current", { headers: renewed });
  ensure(out.response.status === 204, "signed out");
  const refused = await client.GET("/api/v1/users/me", { headers: renewed });
  ensure(codeOf(refused.error) === "SESSION_ENDED", "signed out for good");
}

main(process.argv[2]!).catch((reason: unknown) => {
  console.error(reason);
  process.exitCode = 1;
});
