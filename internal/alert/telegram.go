package alert

import (
	"encoding/json"
	"errors"
	"net/url"
	"sync"

	"github.com/nicholas-fedor/shoutrrr/pkg/util/jsonclient"
)

// honestTelegram makes shoutrrr's Telegram tell its failures. Version 0.13.2
// reads them from the body of the answer alone: no answer at all, or one that is
// no JSON, counts there as sent, and an alert would be lost. Only Telegram uses
// the library's default client.
var honestTelegram = sync.OnceFunc(func() { jsonclient.DefaultClient = telegramClient{jsonclient.DefaultClient} })

type telegramClient struct{ jsonclient.Client }

// Post fails with a body in Telegram's form where the answer has none.
func (c telegramClient) Post(address string, request, response any) error {
	err := c.Client.Post(address, request, response)
	if err == nil {
		if b, merr := json.Marshal(response); merr != nil || !saysOK(b) {
			return telegramError("the answer is not ok")
		}
		return nil
	}
	if json.Valid([]byte(jsonclient.ErrorBody(err))) {
		return err
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return telegramError(e.Err.Error()) // without the address, which holds the token
	}
	return telegramError("the answer is not Telegram's")
}

func saysOK(body []byte) bool {
	var r struct {
		OK bool `json:"ok"`
	}
	return json.Unmarshal(body, &r) == nil && r.OK
}

func telegramError(text string) error {
	b, err := json.Marshal(map[string]any{"ok": false, "error_code": 0, "description": text})
	if err != nil {
		return err
	}
	return jsonclient.Error{Body: string(b)}
}
