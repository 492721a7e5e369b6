package lineartest

// AddTier adds a customer tier.
func (s *Server) AddTier(t Tier) Tier {
	s.lock()
	defer s.mu.Unlock()
	t.ID = s.idFor("tier", t.ID)
	s.world.tiers.add(t.ID, &t)
	return t
}

// AddCustomer adds a customer.
func (s *Server) AddCustomer(c Customer) Customer {
	s.lock()
	defer s.mu.Unlock()
	return *s.addCustomer(c)
}

func (s *Server) addCustomer(c Customer) *Customer {
	c.ID = s.idFor("customer", c.ID)
	if c.Status == "" {
		c.Status = "Active"
	}
	c.CreatedAt, c.UpdatedAt = s.at(c.CreatedAt), s.at(c.UpdatedAt)
	s.world.customers.add(c.ID, &c)
	return &c
}

// EditCustomer changes a customer, for example its tier. No issue moves.
func (s *Server) EditCustomer(id string, f func(*Customer)) {
	s.lock()
	defer s.mu.Unlock()
	if c := s.world.customers.byID[id]; c != nil {
		f(c)
		c.UpdatedAt = s.now()
	}
}

// AddCycle adds a cycle to a team.
func (s *Server) AddCycle(c Cycle) Cycle {
	s.lock()
	defer s.mu.Unlock()
	c.ID = s.idFor("cycle", c.ID)
	s.world.cycles.add(c.ID, &c)
	return c
}

// AddProject adds a project.
func (s *Server) AddProject(p Project) Project {
	s.lock()
	defer s.mu.Unlock()
	p.ID, p.CreatedAt = s.idFor("project", p.ID), s.at(p.CreatedAt)
	if p.State == "" {
		p.State = "started"
	}
	s.world.projects.add(p.ID, &p)
	return p
}

// AddMilestone adds a milestone to a project.
func (s *Server) AddMilestone(m Milestone) Milestone {
	s.lock()
	defer s.mu.Unlock()
	m.ID, m.CreatedAt = s.idFor("milestone", m.ID), s.at(m.CreatedAt)
	if m.Status == "" {
		m.Status = "unstarted"
	}
	s.world.milestones.add(m.ID, &m)
	return m
}

// AddInitiative adds an initiative.
func (s *Server) AddInitiative(i Initiative) Initiative {
	s.lock()
	defer s.mu.Unlock()
	i.ID, i.CreatedAt = s.idFor("initiative", i.ID), s.at(i.CreatedAt)
	if i.Status == "" {
		i.Status = "Active"
	}
	s.world.initiatives.add(i.ID, &i)
	return i
}
