// A real OpenID provider for the tests, and a signer of tokens, good ones and bad ones.
// Usage: node server.mjs FOLDER, where FOLDER has the node_modules of package.json.
// Prints "ready URL". Knows the client "tessera" with the secret "client secret"; any password does.
import http from "node:http";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const modules = join(process.argv[2], "node_modules");
const load = (path) => import(pathToFileURL(join(modules, path)));
const { default: Provider } = await load("oidc-provider/lib/index.js");
const jose = await load("jose/dist/webapi/index.js");

const keys = {};
async function makeKey(name, alg) {
  const pair = await jose.generateKeyPair(alg, { extractable: true });
  const secret = await jose.exportJWK(pair.privateKey);
  const open = await jose.exportJWK(pair.publicKey);
  const pem = await jose.exportSPKI(pair.publicKey);
  keys[name] = { alg, pair, pem, secret: { ...secret, kid: name, alg, use: "sig" }, open: { ...open, kid: name, alg, use: "sig" } };
}
await makeKey("rsa", "RS256");
await makeKey("ec", "ES256");
await makeKey("ed", "EdDSA");
await makeKey("stranger", "RS256");

// What people are told to be; tests change it.
const accounts = {};
// The keys that are published for tokens that requests carry.
const published = ["rsa", "ec", "ed"];
let fetched = 0;

const body = async (request) => {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text || "{}");
};
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const tests = {
  // Tokens: {key, header, claims}; key "none" leaves the signature out, "hmac" signs with the public RSA key.
  async "/test/sign"(request) {
    const { key, header, claims } = await body(request);
    if (key === "none" || key === "hmac") {
      const signed = `${base64({ typ: "JWT", ...header })}.${base64(claims)}`;
      const mac = createHmac("sha256", keys.rsa.pem).update(signed).digest("base64url");
      return `${signed}.${key === "hmac" ? mac : ""}`;
    }
    const { alg, pair } = keys[key];
    return new jose.SignJWT(claims).setProtectedHeader({ alg, kid: key, ...header }).sign(pair.privateKey);
  },
  async "/test/account"(request) {
    const { id, claims } = await body(request);
    accounts[id] = claims;
    return "";
  },
  async "/test/publish"(request) {
    const { key, alg } = await body(request);
    await makeKey(key, alg);
    published.push(key);
    return "";
  },
  async "/test/jwks"() {
    fetched += 1;
    return JSON.stringify({ keys: published.map((name) => keys[name].open) });
  },
  async "/test/fetched"() {
    return String(fetched);
  },
  async "/test/pem"() {
    return keys.rsa.pem;
  },
};

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "tessera",
        client_secret: "client secret",
        // A native client's loopback address counts with any port.
        application_type: "native",
        redirect_uris: ["http://127.0.0.1/oauth/oidc/callback"],
      },
    ],
    jwks: { keys: [keys.rsa.secret] },
    cookies: { keys: ["not a secret"] },
    scopes: ["openid", "profile", "email", "groups"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    pkce: { required: () => true },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  });
  const callback = provider.callback();
  server.on("request", (request, response) => {
    const test = tests[request.url];
    if (!test) return callback(request, response);
    test(request).then(
      (text) => response.end(text),
      (error) => {
        response.statusCode = 500;
        response.end(String(error));
      },
    );
  });
  console.log(`ready ${issuer}`);
});
