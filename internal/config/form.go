package config

import (
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// pattern is the regular expression of a form, "" where it is not one.
func (f form) pattern() string {
	switch f {
	case formName:
		return `^[a-z0-9-]+$`
	case formVariable:
		return `^[a-z][a-z0-9_]*$`
	case formURL:
		return `^https?://`
	case formKey:
		return `^[A-Za-z][A-Za-z0-9_]*$`
	}
	return ""
}

// complaint says what is wrong with a text of this form, or "".
func (f form) complaint(s string) string {
	switch f {
	case formURL:
		return urlComplaint(s)
	case formAddress:
		return addressComplaint(s)
	case formFilled:
		if strings.TrimSpace(s) == "" {
			return "must not be empty"
		}
	case formName, formVariable, formKey:
		if !regexp.MustCompile(f.pattern()).MatchString(s) {
			return strconv.Quote(shorten(s)) + map[form]string{
				formName:     " is not a name; use small letters, digits and -",
				formVariable: " is not a name for expressions; use small letters, digits and _, a letter first",
				formKey:      " is not a key; use letters, digits and _, such as PAY",
			}[f]
		}
	}
	return ""
}

func urlComplaint(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "is not a URL; want one such as https://example.com"
	case u.Scheme != "http" && u.Scheme != "https":
		return strconv.Quote(shorten(u.Redacted())) + " is not a web address; it must begin with https:// or http://"
	case u.Hostname() == "":
		return strconv.Quote(shorten(u.Redacted())) + " names no host"
	case u.User != nil:
		return "must hold no user or password; they would be printed"
	case u.Fragment != "":
		return strconv.Quote(shorten(s)) + " must end before the #"
	}
	return ""
}

func addressComplaint(s string) string {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return strconv.Quote(shorten(s)) + " is not an address to listen on; want host:port such as 127.0.0.1:9275"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return strconv.Quote(shorten(port)) + " is not a port; want 0 to 65535"
	}
	return ""
}

// formed checks a text against the form that the key table asks for.
func (d *decoder) formed(n *node, p path) bool {
	if c := d.rules(p).form.complaint(n.text); c != "" {
		d.wrong(n, p, "%s", c)
		return false
	}
	return true
}
