package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// buildToken is a build's JSON web token, of a real one's length; its signature is none.
func buildToken(id int64) string {
	now := time.Now().Unix()
	claims := fmt.Sprintf(
		`{"username":%d,"buildId":%d,"jobId":%d,"eventId":%d,"isPR":false,"pipelineId":12345,"scmContext":"github:github.com",`+
			`"scope":["temporal"],"iat":%d,"exp":%d,"jti":"7b3a1d0e-58cb-4a3e-9f0a-3b9d6a1e2c11"}`,
		id, id, id+90_000, id+50_000, now, now+12*3600)
	encode := base64.RawURLEncoding.EncodeToString
	return strings.Join([]string{encode([]byte(`{"alg":"RS256","typ":"JWT"}`)), encode([]byte(claims)), strings.Repeat("made-up", 49)}, ".")
}
