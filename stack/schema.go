package stack

import _ "embed" // for Schema

// Schema is the JSON schema of the x-bmo keys in a Compose file, for editors.
//
//go:embed schema.json
var Schema []byte
