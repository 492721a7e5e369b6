package web

import "net/http"

type pages struct{}

func parsePages() (*pages, error) { return &pages{}, nil }

func (s *server) pageRoutes(mux *http.ServeMux) {}
