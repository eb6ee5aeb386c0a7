// Asks for the groups as a program does that knows the API from its documentation: the fetch of
// Node.js, a key in the environment, two headers.
//
//     METABASE_API_KEY=… node drive_metabase_fetch.js URL
const [url] = process.argv.slice(2);
const headers = { "Content-Type": "application/json", "X-API-KEY": process.env.METABASE_API_KEY };

fetch(`${url}/api/permissions/group`, { headers })
  .then((response) => response.json())
  .then((groups) => console.log(JSON.stringify(groups.map((group) => group.name))));
